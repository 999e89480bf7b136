// Files that show the same picture, to be reviewed: which one stays, and which may go to the trash.
import * as api from "./api.js";
import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { answered } from "./jobs.js";
import { firstRun } from "./landing.js";
import { messageOf, say, tell } from "./notices.js";
import { go } from "./router.js";
import { badge, thumbnail } from "./tile.js";
import { count, doneTo, fileName, folderOf, measures, size, tied } from "./words.js";

const PAGE = 40; // groups drawn at a time
const KINDS = [["exact", "Same bytes"], ["copies", "Copies"], ["near", "Also near"]];

export const duplicatesView = { show: (main) => new Duplicates(main) };

class Duplicates {
  constructor(main) {
    this.main = main;
    this.controller = new AbortController();
    this.chosen = new Map(); // path -> bytes it frees
    document.title = "Duplicates – lookalike";
    this.about = el("p", { role: "status" }, "");
    this.kinds = el("div", { class: "switch", role: "radiogroup", "aria-label": "Which duplicates" });
    this.groups = el("div", { class: "groups" });
    this.summary = el("span", { class: "number" });
    this.bar = el(
      "div",
      { class: "trash-bar", role: "region", "aria-label": "Chosen files", hidden: true },
      this.summary,
      el("button", { class: "button first", type: "button", onclick: () => this.confirm() }, icon("trash"), "Move to the trash"),
    );
    this.all = el("button", { class: "button small", type: "button", hidden: true, onclick: () => this.chooseAll() }, "Choose all that may go");
    this.again = el("button", { class: "button small", type: "button", onclick: () => this.load(true) }, icon("refresh"), "Look again");
    main.replaceChildren(
      el(
        "div",
        { class: "heading" },
        el("div", {}, el("h1", { tabindex: "-1" }, "Duplicates"), this.about),
        el("div", { class: "map-tools" }, this.kinds, this.all, this.again),
      ),
      this.groups,
      this.bar,
    );
  }

  leave() {
    this.controller.abort();
  }

  update(params) {
    this.kind = KINDS.some(([kind]) => kind === params.get("kind")) ? params.get("kind") : "copies";
    this.kinds.replaceChildren(
      ...KINDS.map(([kind, text]) =>
        el("label", {}, el("input", { type: "radio", name: "kind", value: kind, checked: kind === this.kind, onchange: () => go(`/duplicates?kind=${kind}`) }), el("span", {}, text)),
      ),
    );
    return this.load(false);
  }

  async load(refresh) {
    this.controller.abort();
    this.controller = new AbortController();
    const { signal } = this.controller;
    this.chosen.clear();
    this.showChosen();
    this.all.hidden = true;
    this.groups.replaceChildren(waiting());
    this.about.textContent = "Comparing the pictures of the gallery with each other …";
    try {
      const ask = (anew) => api.duplicates(this.kind, anew, signal);
      this.show(await answered(ask, refresh, (job) => this.progress(job), signal, "The search for duplicates failed. Look again."));
    } catch (error) {
      if (api.wasAborted(error)) return;
      if (error.code === "gallery_empty") {
        this.main.replaceChildren(firstRun());
        return;
      }
      this.about.textContent = "";
      this.groups.replaceChildren(messageOf(error, () => this.load(false)));
    }
  }

  progress(job) {
    const at = job.progress;
    if (at?.todo) this.about.textContent = `${at.stage || "Comparing the pictures of the gallery with each other"}: ${Math.round((100 * at.done) / at.todo)}% …`;
  }

  show(answer) {
    const files = answer.groups.reduce((sum, group) => sum + group.members.length, 0);
    this.about.textContent = answer.groups.length
      ? `${count(answer.groups.length, "group", "groups")}: ${count(files, "file", "files")} besides the best ones, ${size(answer.frees)}.`
      : "No file of the gallery is a duplicate of another.";
    const lost = answer.left_out.length;
    if (lost) this.about.textContent += ` ${count(lost, "file", "files")} left out: not there now, or changed since indexed. Look for changes under Gallery, then look again.`;
    if (answer.stale) this.about.textContent += " The gallery has changed since: look again.";
    say(this.about.textContent);
    this.all.hidden = !answer.groups.some((group) => group.members.some(mayGo));
    this.groups.replaceChildren();
    this.left = answer.groups;
    this.draw();
  }

  draw() {
    this.moreButton?.remove();
    this.groups.append(...this.left.splice(0, PAGE).map((group) => this.card(group)));
    if (!this.left.length) return;
    this.moreButton = el("button", { class: "button", type: "button", onclick: () => this.draw() }, `Show more of ${count(this.left.length, "group", "groups")}`);
    this.groups.append(this.moreButton);
  }

  card(group) {
    const { best } = group;
    const path = best.path ?? best.paths[0];
    return el(
      "section",
      { class: "group", "aria-label": fileName(path) },
      el("div", { class: "group-head" }, el("h2", {}, el("bdi", {}, fileName(path))), el("p", { class: "small faint" }, `${count(group.members.length + 1, "file", "files")}; all but the best take ${size(group.frees)}`)),
      el(
        "ul",
        { class: "files" },
        fileItem({ ...best, path }, "kept", el("p", {}, el("span", { class: "badge", "data-kind": "exact" }, icon("check"), "Best original")), best.why),
        group.members.map((member) => this.member(member)),
      ),
    );
  }

  member(member) {
    const head = el("p", {}, badge(member.kind));
    const how = member.kind === "exact" ? "the same bytes" : tied(member.how) || doneTo(member);
    if (!mayGo(member)) {
      const item = fileItem(member, "", head, how);
      if (member.stays) item.querySelector(".file-text").append(el("p", { class: "stays" }, `Stays: ${member.stays}.`));
      return item;
    }
    const box = el("input", { type: "checkbox", "aria-label": `Move ${fileName(member.path)} to the trash` });
    const item = fileItem(member, "", head, how);
    item.querySelector(".file-text").append(el("label", {}, box, "To the trash"));
    box.addEventListener("change", () => {
      if (box.checked) this.chosen.set(member.path, member.frees);
      else this.chosen.delete(member.path);
      item.classList.toggle("goes", box.checked);
      this.showChosen();
    });
    return item;
  }

  chooseAll() {
    while (this.left.length) this.draw();
    const boxes = [...this.groups.querySelectorAll('input[type="checkbox"]')];
    const on = !boxes.every((box) => box.checked);
    for (const box of boxes.filter((one) => one.checked !== on)) box.click();
  }

  showChosen() {
    this.bar.hidden = !this.chosen.size;
    const bytes = [...this.chosen.values()].reduce((sum, value) => sum + value, 0);
    this.summary.textContent = `${count(this.chosen.size, "file", "files")} chosen, ${size(bytes)}`;
    this.all.textContent = this.chosen.size ? "Choose all or none" : "Choose all that may go";
  }

  confirm() {
    const paths = [...this.chosen.keys()];
    const move = el("button", { class: "button first", type: "button" }, icon("trash"), `Move ${count(paths.length, "file", "files")}`);
    const dialog = openDialog(
      { title: "Move to the system's trash?", name: "confirm" },
      el("p", {}, "Each file is read once more and goes only if it still shows the same as the best original. Nothing is deleted: you can take it out of the trash again."),
      el("ul", { class: "trash-list", tabindex: "0", "aria-label": "Files" }, paths.map((path) => el("li", {}, el("bdi", {}, path)))),
      el("div", { class: "dialog-foot" }, el("button", { class: "button", type: "button", autofocus: true, onclick: () => dialog.close() }, "Leave them"), move),
    );
    move.addEventListener("click", async () => {
      move.disabled = true;
      try {
        const report = await api.trash(this.kind, paths);
        dialog.close(); // what is told while it is open goes with it
        this.told(report);
        document.dispatchEvent(new Event("gallery-changed"));
        this.load(false);
      } catch (error) {
        tell(error.message, { bad: true });
        move.disabled = false;
      }
    });
  }

  told(report) {
    const left = report.left ?? [];
    tell(`Moved ${count(report.moved.length, "file", "files")} to the trash, ${size(report.frees)}.`);
    if (left.length) tell(`Left ${count(left.length, "file", "files")}: ${left[0].path}: ${left[0].reason}`, { bad: true });
  }
}

const mayGo = (member) => member.kind !== "near" && !member.stays;

function fileItem(file, style, head, how) {
  return el(
    "li",
    { class: `file ${style}` },
    el("a", { class: "picture", href: `/?q=${file.id}`, "aria-label": `Ask with ${fileName(file.path)}` }, thumbnail(file, 320, "")),
    el(
      "div",
      { class: "file-text" },
      head,
      el("p", { class: "how" }, how),
      el("p", { class: "number faint" }, `${measures(file)}, ${size(file.bytes)}`),
      el("p", { class: "path", title: file.path }, el("bdi", {}, fileName(file.path)), " in ", el("bdi", {}, folderOf(file.path))),
    ),
  );
}

const waiting = () => el("div", { class: "ghosts", "aria-hidden": "true" }, [1.5, 1, 1.3, 0.8, 1.5, 1].map((ratio) => el("span", { style: { "--ratio": String(ratio) } })));
