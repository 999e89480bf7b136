// The duplicates view: groups of files with the same picture, to keep one and trash the others.
import * as api from "./api.js";
import { button } from "./buttons.js";
import { openDialog } from "./dialog.js";
import { el, setStyle } from "./dom.js";
import { DuplicateChecks, isUnchecked } from "./duplicate-checks.js";
import { bytesToFree, goes, GroupCard } from "./duplicate-group.js";
import { showLoadError } from "./empty-gallery.js";
import { countOf, formatPercent, formatSize } from "./format.js";
import { reportOf, waitForResult } from "./jobs.js";
import { describeRules, openRulesDialog } from "./keep-rules.js";
import { announce, notify } from "./notifications.js";
import { placeholders } from "./results.js";
import { ROOT } from "./root.js";
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
    this.rulesText = el("span", {});
    this.rules = el("p", { class: "small keep-rules", hidden: true }, this.rulesText);
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
    this.fill = el("i");
    this.bar = el(
      "div",
      {
        class: "progress",
        role: "progressbar",
        "aria-label": "Checking which files can be moved",
        "aria-valuemin": "0",
        "aria-valuemax": "100",
      },
      this.fill,
    );
    this.checking = el(
      "div",
      { class: "checking", hidden: true },
      el("p", { class: "small muted" }, "Checking which files can be moved"),
      this.bar,
    );
    this.undo = el("div", { class: "undo", role: "region", "aria-label": "Moved files", hidden: true });
    this.selectAllButton = button(SELECT_ALL, () => this.selectAll(), { hidden: true });
    this.checkAllButton = button("Check all", () => this.checks.add(this.all), { hidden: true });
    const refreshButton = button("Refresh", () => this.load(true), { iconName: "refresh" });
    main.replaceChildren(
      el(
        "div",
        { class: "heading" },
        el("div", {}, el("h1", { tabindex: "-1" }, "Duplicates"), this.summary, this.rules),
        el(
          "div",
          { class: "heading-tools" },
          this.kindSwitch,
          this.checkAllButton,
          this.selectAllButton,
          refreshButton,
        ),
      ),
      this.undo,
      this.checking,
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
      const onchange = () => navigate(`${ROOT}/duplicates?kind=${kind}`);
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
    this.all = [];
    this.removable = 0;
    this.cards = new Map(); // path of the kept file -> GroupCard
    this.checking.hidden = true;
    this.checkAllButton.hidden = true;
    this.updateSelection();
    this.groups.replaceChildren(placeholders([1.5, 1, 1.3, 0.8, 1.5, 1]));
    this.summary.textContent = `${COMPARING}…`;
    this.showRules(signal);
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

  async showRules(signal) {
    try {
      const rules = await api.keepRules(signal);
      this.rulesText.textContent = describeRules(rules);
      const change = button("Change", () => openRulesDialog(rules, () => this.load(true)), {
        "aria-label": "Change what is kept",
      });
      this.rules.replaceChildren(this.rulesText, " ", change);
      this.rules.hidden = false;
    } catch {
      this.rules.hidden = true; // the groups tell what is wrong
    }
  }

  showProgress({ progress }) {
    const { stage, done, todo } = progress ?? {};
    if (todo) this.summary.textContent = `${stage || COMPARING}: ${formatPercent(done / todo)}`;
  }

  show(result) {
    this.result = result;
    this.all = result.groups;
    this.groups.replaceChildren();
    this.remaining = [...this.all];
    this.checks = new DuplicateChecks(this.kind, this.controller.signal, {
      onProgress: (share) => this.showChecking(share),
      onChecked: (groups) => this.showVerdicts(groups),
      onEnd: (error) => this.endChecking(error),
    });
    this.updateSummary();
    announce(this.summary.textContent);
    this.showMoreGroups();
  }

  showMoreGroups() {
    this.moreButton?.remove();
    for (const group of this.remaining.splice(0, GROUPS_PER_PAGE)) {
      const card = new GroupCard(group, {
        onSelect: (member, isSelected) => this.select(member, isSelected),
        onChange: () => this.updateSummary(),
      });
      this.cards.set(group.best.path, card);
      this.groups.append(card.node);
      this.checks.watch(card.node, group);
    }
    if (!this.remaining.length) return;
    const text = `Show ${countOf(this.remaining.length, "more group")}`;
    this.moreButton = button(text, () => this.showMoreGroups(), { style: "" });
    this.groups.append(this.moreButton);
  }

  showChecking(share) {
    this.checking.hidden = false;
    this.checkAllButton.disabled = this.checks.seen.size === this.all.length;
    setStyle(this.fill, { width: `${share * 100}%` });
    this.bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  }

  showVerdicts(groups) {
    const checked = new Map(groups.map((group) => [group.best.path, group]));
    for (const group of this.all) {
      const now = checked.get(group.best.path);
      const card = this.cards.get(group.best.path);
      if (now && card) card.update(now);
      else if (now) Object.assign(group, now);
    }
    this.updateSummary();
  }

  endChecking(error) {
    this.checking.hidden = true;
    this.checkAllButton.disabled = false;
    for (const path of this.checks.seen) this.cards.get(path)?.showUnknown();
    if (error) notify(error.message, { error: true });
    else announce(this.summary.textContent);
  }

  select({ path, frees }, isSelected) {
    if (isSelected) this.selected.set(path, frees);
    else this.selected.delete(path);
    this.updateSelection();
  }

  updateSummary() {
    this.summary.textContent = summaryOf(this.result);
    this.removable = this.all.flatMap((group) => group.members).filter(goes).length;
    this.checkAllButton.hidden = !this.all.some(isUnchecked);
    this.updateSelection();
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
        "Each file is read once more and moved only if a file that stays still has all of it. " +
          "Nothing is deleted: you can undo this.",
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
        const report = await api.trash(this.kind, paths);
        dialog.close(); // first, as it would take the notifications with it
        if (report.left.length) notifyLeft(report.left, "moved");
        this.offerUndo(report);
        document.dispatchEvent(new Event("gallery-changed"));
        this.load(false);
      } catch (error) {
        notify(error.message, { error: true });
        move.disabled = false;
      }
    });
  }

  /** Say what was moved, with a button that brings it back. */
  offerUndo({ moved, frees }) {
    this.undo.hidden = !moved.length;
    if (!moved.length) return;
    const text = `Moved ${countOf(moved.length, "file")} (${formatSize(frees)}) to trash.`;
    const undo = button("Undo", () => this.undoTrash(undo), { iconName: "refresh" });
    this.undo.replaceChildren(el("p", {}, text), undo);
    announce(text);
    undo.focus();
  }

  async undoTrash(undo) {
    undo.disabled = true;
    try {
      const { id } = await api.undoTrash();
      const failure = "Couldn't bring the files back. Try again.";
      const { restored, left } = await reportOf(id, () => {}, this.controller.signal, failure);
      this.undo.hidden = true;
      notify(`Brought back ${countOf(restored.length, "file")}.`);
      if (left.length) notifyLeft(left, "brought back");
      document.dispatchEvent(new Event("gallery-changed"));
      this.load(true);
    } catch (error) {
      if (api.isAbort(error)) return;
      notify(error.message, { error: true });
      undo.disabled = false;
    }
  }
}

function summaryOf({ groups, left_out: leftOut, stale }) {
  const members = groups.flatMap((group) => group.members);
  const unchecked = members.filter(({ state }) => state === "unchecked").length;
  const bytes = bytesToFree(members);
  const sentences = ["No duplicates found."];
  if (members.length) {
    const freed = bytes ? `${formatSize(bytes)} can be freed` : "nothing to free";
    const counts = `${countOf(members.length, "duplicate")} in ${countOf(groups.length, "group")}`;
    const isOpen = unchecked === members.length;
    sentences[0] = isOpen ? `${counts}.` : `${counts}, ${freed}${unchecked ? " so far" : ""}.`;
    if (unchecked) {
      sentences.push(`${countOf(unchecked, "is", "are")} not checked yet.`);
    }
  }
  if (leftOut.length) {
    const changed = countOf(leftOut.length, "file is missing or has", "files are missing or have");
    sentences.push(
      `${changed} changed since indexing. Check for changes under Gallery, then refresh.`,
    );
  }
  if (stale) sentences.push("Your gallery has changed since. Refresh to see the changes.");
  return sentences.join(" ");
}

function notifyLeft(left, done) {
  const verb = left.length === 1 ? "was" : "were";
  const [{ path, reason }] = left;
  notify(`${countOf(left.length, "file")} ${verb} not ${done}. ${path}: ${reason}`, { error: true });
}
