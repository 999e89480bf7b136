// The duplicates view: groups of files with the same picture, to keep one and trash the others.
import * as api from "./api.js";
import { openDialog } from "./dialog.js";
import { button } from "./buttons.js";
import { el } from "./dom.js";
import { showLoadError } from "./empty-gallery.js";
import {
  countOf,
  describeChanges,
  dimensions,
  fileName,
  folderName,
  formatPercent,
  formatSize,
} from "./format.js";
import { icon } from "./icons.js";
import { followJob, waitForResult } from "./jobs.js";
import { announce, notify } from "./notifications.js";
import { kindBadge, thumbnail } from "./picture-cards.js";
import { placeholders } from "./results.js";
import { navigate } from "./router.js";

const GROUPS_PER_PAGE = 40;
const KINDS = [
  ["exact", "Identical files"],
  ["copies", "Copies"],
  ["near", "Include similar shots"],
];
const COMPARING = "Comparing the pictures in your gallery";
const SELECT_ALL = "Select all that are safe to remove";

export class DuplicatesView {
  constructor(main) {
    this.main = main;
    this.controller = new AbortController();
    this.selected = new Map(); // path -> bytes that it frees
    document.title = "Duplicates – lookalike";
    this.summary = el("p", { role: "status" }, "");
    this.kindSwitch = el("div", {
      class: "segmented",
      role: "radiogroup",
      "aria-label": "Kind of duplicates",
    });
    this.groups = el("div", { class: "groups" });
    this.selection = el("span", { class: "tabular" });
    this.trashBar = el(
      "div",
      { class: "trash-bar", role: "region", "aria-label": "Selected files", hidden: true },
      this.selection,
      button("Move to trash", () => this.confirmTrash(), { iconName: "trash", style: "primary" }),
    );
    this.selectAllButton = button(SELECT_ALL, () => this.selectAll(), { hidden: true });
    const refreshButton = button("Refresh", () => this.load(true), { iconName: "refresh" });
    main.replaceChildren(
      el(
        "div",
        { class: "heading" },
        el("div", {}, el("h1", { tabindex: "-1" }, "Duplicates"), this.summary),
        el("div", { class: "heading-tools" }, this.kindSwitch, this.selectAllButton, refreshButton),
      ),
      this.groups,
      this.trashBar,
    );
  }

  leave() {
    this.controller.abort();
  }

  update(params) {
    const requested = params.get("kind");
    this.kind = KINDS.some(([kind]) => kind === requested) ? requested : "copies";
    const option = ([kind, text]) => {
      const onchange = () => navigate(`/duplicates?kind=${kind}`);
      const input = el("input", {
        type: "radio",
        name: "kind",
        value: kind,
        checked: kind === this.kind,
        onchange,
      });
      return el("label", {}, input, el("span", {}, text));
    };
    this.kindSwitch.replaceChildren(...KINDS.map(option));
    return this.load(false);
  }

  async load(refresh) {
    this.controller.abort();
    this.controller = new AbortController();
    const { signal } = this.controller;
    this.selected.clear();
    this.removable = 0;
    this.updateSelection();
    this.groups.replaceChildren(placeholders([1.5, 1, 1.3, 0.8, 1.5, 1]));
    this.summary.textContent = `${COMPARING}…`;
    const request = (again) => api.duplicates(this.kind, again, signal);
    const failure = "Couldn't search for duplicates. Refresh to try again.";
    try {
      this.show(
        await waitForResult(request, refresh, (job) => this.showProgress(job), signal, failure),
      );
    } catch (error) {
      if (api.isAbort(error)) return;
      this.summary.textContent = "";
      showLoadError(error, this.main, this.groups, () => this.load(false));
    }
  }

  showProgress({ progress }) {
    const { stage, done, todo } = progress ?? {};
    if (todo) this.summary.textContent = `${stage || COMPARING}: ${formatPercent(done / todo)}`;
  }

  show(result) {
    this.summary.textContent = summaryOf(result);
    announce(this.summary.textContent);
    const members = result.groups.flatMap((group) => group.members);
    this.removable = members.filter(isRemovable).length;
    this.updateSelection();
    this.groups.replaceChildren();
    this.remaining = result.groups;
    this.showMoreGroups();
  }

  showMoreGroups() {
    this.moreButton?.remove();
    this.groups.append(
      ...this.remaining.splice(0, GROUPS_PER_PAGE).map((group) => this.groupCard(group)),
    );
    if (!this.remaining.length) return;
    const text = `Show ${countOf(this.remaining.length, "more group")}`;
    this.moreButton = button(text, () => this.showMoreGroups(), { style: "" });
    this.groups.append(this.moreButton);
  }

  groupCard({ best, members, frees }) {
    const path = best.path ?? best.paths[0];
    const original = el(
      "p",
      {},
      el("span", { class: "badge", "data-kind": "exact" }, icon("check"), "Best original"),
    );
    return el(
      "section",
      { class: "group", "aria-label": fileName(path) },
      el(
        "div",
        { class: "group-head" },
        el("h2", {}, el("bdi", {}, fileName(path))),
        el(
          "p",
          { class: "small muted" },
          `${countOf(members.length + 1, "file")}, ${canBeFreed(frees)}`,
        ),
      ),
      el(
        "ul",
        { class: "files" },
        fileItem({ ...best, path }, "kept", original, best.why),
        members.map((member) => this.memberItem(member)),
      ),
    );
  }

  memberItem(member) {
    const changes =
      member.kind === "exact" ? "every byte is the same" : member.how || describeChanges(member);
    const item = fileItem(member, "", el("p", {}, kindBadge(member.kind)), changes);
    const text = item.querySelector(".file-text");
    if (!isRemovable(member)) {
      if (member.reason) text.append(el("p", { class: "keep-reason" }, `Kept: ${member.reason}`));
      return item;
    }
    const checkbox = el("input", {
      type: "checkbox",
      "aria-label": `Move ${fileName(member.path)} to trash`,
    });
    text.append(el("label", {}, checkbox, "Move to trash"));
    checkbox.addEventListener("change", () => {
      if (checkbox.checked) this.selected.set(member.path, member.frees);
      else this.selected.delete(member.path);
      item.classList.toggle("selected", checkbox.checked);
      this.updateSelection();
    });
    return item;
  }

  /** Select every file that may go; where all are selected already, none. */
  selectAll() {
    while (this.remaining.length) this.showMoreGroups();
    const checked = this.selected.size < this.removable;
    for (const checkbox of this.groups.querySelectorAll('input[type="checkbox"]')) {
      if (checkbox.checked !== checked) checkbox.click();
    }
  }

  updateSelection() {
    const { size } = this.selected;
    const bytes = [...this.selected.values()].reduce((sum, value) => sum + value, 0);
    this.trashBar.hidden = !size;
    this.selection.textContent = `${countOf(size, "file")} selected, ${formatSize(bytes)}`;
    this.selectAllButton.hidden = !this.removable;
    this.selectAllButton.textContent =
      size && size === this.removable ? "Clear selection" : SELECT_ALL;
  }

  confirmTrash() {
    const paths = [...this.selected.keys()];
    const move = button(`Move ${countOf(paths.length, "file")}`, null, {
      iconName: "trash",
      style: "primary",
    });
    const cancel = button("Cancel", () => dialog.close(), { style: "", autofocus: true });
    const dialog = openDialog(
      { title: "Move to trash?", name: "confirm" },
      el(
        "p",
        {},
        "Each file is checked once more and moved only if it still matches the best original. " +
          "Nothing is deleted: you can restore files from your system's trash.",
      ),
      el(
        "ul",
        { class: "trash-files", tabindex: "0", "aria-label": "Files" },
        paths.map((path) => el("li", {}, el("bdi", {}, path))),
      ),
      el("div", { class: "dialog-foot" }, cancel, move),
    );
    move.addEventListener("click", async () => {
      move.disabled = true;
      try {
        const job = await api.checkDuplicates(this.kind, paths);
        await followJob(job.id, () => {}, this.controller.signal);
        const report = await api.trash(this.kind, paths);
        dialog.close(); // first, as it would take the notifications with it
        notifyOf(report);
        document.dispatchEvent(new Event("gallery-changed"));
        this.load(false);
      } catch (error) {
        notify(error.message, { error: true });
        move.disabled = false;
      }
    });
  }
}

const isRemovable = (member) => member.state !== "stays";

const canBeFreed = (bytes) =>
  bytes ? `at most ${formatSize(bytes)} to free` : "nothing to free";

function summaryOf({ groups, frees, left_out: leftOut, stale }) {
  const duplicates = groups.reduce((sum, group) => sum + group.members.length, 0);
  const counts = `${countOf(duplicates, "duplicate")} in ${countOf(groups.length, "group")}`;
  const sentences = [groups.length ? `${counts}, ${canBeFreed(frees)}.` : "No duplicates found."];
  if (leftOut.length) {
    const changed = countOf(leftOut.length, "file is missing or has", "files are missing or have");
    sentences.push(
      `${changed} changed since indexing. Check for changes under Gallery, then refresh.`,
    );
  }
  if (stale) sentences.push("Your gallery has changed since. Refresh to see the changes.");
  return sentences.join(" ");
}

function notifyOf({ moved, frees, left = [] }) {
  notify(`Moved ${countOf(moved.length, "file")} (${formatSize(frees)}) to trash.`);
  if (!left.length) return;
  const verb = left.length === 1 ? "was" : "were";
  notify(`${countOf(left.length, "file")} ${verb} not moved. ${left[0].path}: ${left[0].reason}`, {
    error: true,
  });
}

function fileItem(file, style, badge, changes) {
  const name = fileName(file.path);
  return el(
    "li",
    { class: `file ${style}` },
    el(
      "a",
      { class: "picture", href: `/?q=${file.id}`, "aria-label": `Search with ${name}` },
      thumbnail(file, 320, ""),
    ),
    el(
      "div",
      { class: "file-text" },
      badge,
      el("p", { class: "changes" }, changes),
      el("p", { class: "tabular muted" }, `${dimensions(file)}, ${formatSize(file.bytes)}`),
      el(
        "p",
        { class: "path", title: file.path },
        el("bdi", {}, name),
        " in ",
        el("bdi", {}, folderName(file.path)),
      ),
    ),
  );
}
