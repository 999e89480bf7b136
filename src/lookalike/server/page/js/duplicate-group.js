// The card of a group of duplicates: the kept file, and what is known about each of the others.
import * as api from "./api.js";
import { button } from "./buttons.js";
import { openCompareDialog } from "./compare-dialog.js";
import { isUnchecked } from "./duplicate-checks.js";
import { el } from "./dom.js";
import {
  countOf,
  describeChanges,
  dimensions,
  fileName,
  folderName,
  formatSize,
} from "./format.js";
import { icon } from "./icons.js";
import { announce, notify } from "./notifications.js";
import { kindBadge, thumbnail } from "./picture-cards.js";
import { ROOT } from "./root.js";

export const goes = (member) => member.state === "goes";

/** Bytes of the files that may go. */
export const bytesToFree = (members) =>
  members.filter(goes).reduce((sum, { frees }) => sum + frees, 0);

export class GroupCard {
  /** `onSelect` gets a file and whether it is selected; `onChange` is called after a mark. */
  constructor(group, { onSelect, onChange }) {
    this.group = group;
    this.onSelect = onSelect;
    this.onChange = onChange;
    this.facts = el("p", { class: "small muted" });
    this.items = new Map(); // path -> { node, verdict }
    const { best, members } = group;
    const name = fileName(best.path);
    const original = el(
      "p",
      {},
      el("span", { class: "badge", "data-kind": "exact" }, icon("check"), "Best original"),
    );
    this.node = el(
      "section",
      { class: "group", "aria-label": name },
      el("div", { class: "group-head" }, el("h2", {}, el("bdi", {}, name)), this.facts),
      el(
        "ul",
        { class: "files" },
        fileItem(best, "kept", original, best.why),
        members.map((member) => this.memberItem(member)),
      ),
    );
    this.updateFacts();
  }

  /** Show the verdicts of a check. */
  update(group) {
    for (const member of group.members) {
      const known = this.group.members.find(({ path }) => path === member.path);
      if (!known || known.state === member.state) continue;
      Object.assign(known, member);
      this.showVerdict(known);
    }
    this.updateFacts();
  }

  /** Show that no check told anything about the files that are still unchecked. */
  showUnknown() {
    for (const member of this.group.members.filter(({ state }) => state === "unchecked")) {
      this.items.get(member.path).verdict.textContent = "Not checked. Refresh to try again.";
    }
  }

  updateFacts() {
    const { members } = this.group;
    const bytes = bytesToFree(members);
    const known = bytes ? `${formatSize(bytes)} can be freed` : "nothing to free";
    const state = isUnchecked(this.group) ? "not checked yet" : known;
    this.facts.textContent = `${countOf(members.length + 1, "file")}, ${state}`;
  }

  memberItem(member) {
    const changes =
      member.kind === "exact" ? "every byte is the same" : member.how || describeChanges(member);
    const node = fileItem(member, "", el("p", {}, kindBadge(member.kind)), changes);
    const verdict = el("div", { class: "verdict" });
    const named = (text) => ({ "aria-label": `${text}: ${fileName(member.path)}` });
    const tools = el(
      "div",
      { class: "file-tools" },
      button("Compare", () => this.compare(member), named("Compare")),
      // Marks are of contents, so two files with the same bytes can't be told apart.
      member.id !== this.group.best.id &&
        button("Not a duplicate", () => this.mark(member), named("Not a duplicate")),
    );
    node.querySelector(".file-text").append(verdict, tools);
    this.items.set(member.path, { node, verdict });
    this.showVerdict(member);
    return node;
  }

  showVerdict(member) {
    const { node, verdict } = this.items.get(member.path);
    this.deselect(member, node);
    if (member.state === "unchecked") {
      verdict.textContent = "Not checked yet";
      return;
    }
    if (!goes(member)) {
      verdict.replaceChildren(el("p", { class: "keep-reason" }, `Kept: ${member.reason}`));
      return;
    }
    const isBest = member.holder === this.group.best.path;
    const holder = isBest ? "the best original" : fileName(member.holder);
    const checkbox = el("input", {
      type: "checkbox",
      "aria-label": `Move ${fileName(member.path)} to trash`,
      onchange: () => {
        node.classList.toggle("selected", checkbox.checked);
        this.onSelect(member, checkbox.checked);
      },
    });
    verdict.replaceChildren(
      el("p", { class: "goes-reason" }, "Safe to remove: ", el("bdi", {}, holder), " has all of it"),
      el("label", {}, checkbox, "Move to trash"),
    );
  }

  compare(member) {
    const named = { ...member, name: fileName(member.path) };
    openCompareDialog(named, this.group.best);
  }

  /** Mark a file as no duplicate of the kept one, and offer to undo that in its place. */
  async mark(member) {
    const pictures = [this.group.best.id, member.id];
    const { node } = this.items.get(member.path);
    const name = fileName(member.path);
    try {
      await api.markNotDuplicates(pictures);
    } catch (error) {
      notify(error.message, { error: true });
      return;
    }
    const { members } = this.group;
    const index = members.indexOf(member);
    members.splice(index, 1);
    this.deselect(member, node);
    const undo = button("Undo", async () => {
      try {
        await api.forgetNotDuplicates(pictures);
      } catch (error) {
        notify(error.message, { error: true });
        return;
      }
      members.splice(index, 0, member);
      note.replaceWith(node);
      this.showVerdict(member);
      this.changed();
      node.querySelector(".file-tools .button:last-child").focus();
      announce(`${name} is listed as a duplicate again.`);
    });
    const note = el(
      "li",
      { class: "file marked" },
      el("p", {}, el("bdi", {}, name), " is remembered as not a duplicate."),
      undo,
    );
    node.replaceWith(note);
    this.changed();
    undo.focus();
    announce(note.firstChild.textContent);
  }

  deselect(member, node) {
    if (!node.classList.contains("selected")) return;
    node.classList.remove("selected");
    this.onSelect(member, false);
  }

  changed() {
    this.updateFacts();
    this.onChange();
  }
}

function fileItem(file, style, badge, changes) {
  const name = fileName(file.path);
  return el(
    "li",
    { class: `file ${style}` },
    el(
      "a",
      { class: "picture", href: `${ROOT}/?q=${file.id}`, "aria-label": `Search with ${name}` },
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
