// The results of a search: copies first, then similar shots, then similar pictures.
import { el } from "./dom.js";
import { countOf, formatElapsed, formatNumber, formatScore } from "./format.js";
import { enableKeyboardNavigation } from "./keyboard-navigation.js";
import { announce } from "./notifications.js";
import { copyCard, pictureOf, pictureTile } from "./picture-cards.js";

const PLACEHOLDER_RATIOS = [1.5, 1, 0.75, 1.33, 1.5, 0.8, 1.33, 1, 1.6, 0.75, 1.33, 1.5];
const EAGER_THUMBNAILS = 24;

/** Empty boxes where pictures will come. */
export const placeholders = (ratios = PLACEHOLDER_RATIOS) =>
  el(
    "div",
    { class: "placeholders", "aria-hidden": "true" },
    ratios.map((ratio) => el("span", { style: { "--ratio": String(ratio) } })),
  );

export class Results {
  constructor({ onCompare }) {
    this.onCompare = onCompare;
    this.min = 0;
    this.items = [];
    this.summary = el("p", { class: "results-count" });
    this.copies = el("ul", { class: "copy-cards" });
    this.near = el("ul", { class: "grid" });
    this.similar = el("ul", { class: "grid" });
    this.sections = [
      section("Copies", "The same picture, unchanged or edited", this.copies),
      section("Similar shots", "Other shots of the same thing or scene", this.near),
      section("Similar", "Pictures that look like yours", this.similar),
    ];
    this.end = el("p", { class: "results-end", hidden: true });
    this.node = el(
      "div",
      { class: "results" },
      el("div", { class: "results-summary" }, this.summary),
      this.sections,
      this.end,
    );
    this.updateTabStops = enableKeyboardNavigation(this.node, { onCompare });
  }

  /** Show that a search is running: earlier results fade, else placeholders appear. */
  showLoading() {
    if (this.items.length) {
      this.node.dataset.loading = "";
      return;
    }
    this.summary.textContent = "Searching…";
    this.hideSections();
    this.placeholders ??= placeholders();
    this.node.append(this.placeholders);
  }

  /** Show a response in place of the earlier one. */
  show(response, min) {
    this.clear();
    this.response = response;
    this.min = min;
    this.add(response.hits);
    this.updateSummary({ aloud: true });
  }

  showError(message) {
    this.clear();
    this.hideSections();
    this.summary.textContent = "";
    this.end.hidden = true;
    this.message = message;
    this.node.append(message);
  }

  showMore(hits) {
    this.add(hits);
    this.updateSummary();
  }

  /** Hide what is less similar than `min`; copies always stay. */
  setMin(min) {
    this.min = min;
    for (const list of [this.near, this.similar]) {
      for (const item of list.children) item.hidden = pictureOf(item).score < min;
    }
    this.updateSummary({ aloud: true });
  }

  /** Whether there could be more hits above the minimum similarity: scores only fall. */
  get mayHaveMore() {
    const last = this.response?.hits.at(-1);
    return (
      Boolean(this.response?.next_offset) && !(last?.kind === "similar" && last.score < this.min)
    );
  }

  hideSections() {
    for (const node of this.sections) node.hidden = true;
  }

  clear() {
    delete this.node.dataset.loading;
    this.placeholders?.remove();
    this.message?.remove();
    for (const list of [this.copies, this.near, this.similar]) list.replaceChildren();
    this.items = [];
  }

  add(hits) {
    const { onCompare } = this;
    for (const hit of hits) {
      const isCopy = hit.kind === "exact" || hit.kind === "copy";
      const item = isCopy
        ? copyCard(hit, { onCompare, isQuery: hit.id === this.response.query.id })
        : pictureTile(hit, { onCompare, eager: this.items.length < EAGER_THUMBNAILS });
      item.hidden = !isCopy && hit.score < this.min;
      (isCopy ? this.copies : hit.kind === "near" ? this.near : this.similar).append(item);
      this.items.push(item);
    }
  }

  updateSummary({ aloud = false } = {}) {
    const countVisible = (list) => [...list.children].filter((item) => !item.hidden).length;
    const counts = [this.copies, this.near, this.similar].map(countVisible);
    this.sections.forEach((node, n) => {
      node.hidden = !counts[n];
    });
    this.updateTabStops(); // only visible pictures can be tab stops
    const [copies, near, similar] = counts;
    const { total = null } = this.response;
    const allSimilar =
      total === null || this.min ? similar : Math.max(similar, total - copies - near);
    const parts = [
      copies ? countOf(copies, "copy", "copies") : "No copies",
      near ? countOf(near, "similar shot") : "",
      similar ? similarCount(allSimilar, this.mayHaveMore && allSimilar === similar) : "",
    ];
    const text = parts.filter(Boolean).join(", ");
    this.summary.replaceChildren(el("b", {}, text), ` in ${formatElapsed(this.response.took_ms)}`);
    this.end.hidden = this.mayHaveMore;
    this.end.textContent = endMessage(this.min, copies + near + similar, this.response.hits.length);
    if (aloud) announce(`${text}.`);
  }
}

function section(title, description, list) {
  const head = el("div", { class: "section-head" }, el("h2", {}, title), el("p", {}, description));
  return el("section", { "aria-label": title }, head, list);
}

const similarCount = (count, hasMore) =>
  hasMore ? `${formatNumber(count)}+ similar pictures` : countOf(count, "similar picture");

function endMessage(min, shown, found) {
  if (!found) return "Nothing found. Clear the filters or add more folders.";
  const hidden = found - shown;
  if (!hidden) return "End of results.";
  const [verb, pronoun] = hidden === 1 ? ["is", "it"] : ["are", "them"];
  const pictures = `${countOf(hidden, "picture")} below ${formatScore(min)} ${verb} hidden.`;
  return `${pictures} Lower the minimum similarity to see ${pronoun}.`;
}
