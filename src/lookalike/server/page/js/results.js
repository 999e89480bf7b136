// The hits of one search: copies first, then other shots of the same, then what looks alike.
import { el } from "./dom.js";
import { browseByKeys } from "./keys.js";
import { say } from "./notices.js";
import { copyCard, pictureOf, tile } from "./tile.js";
import { count, number, took } from "./words.js";

const GHOSTS = [1.5, 1, 0.75, 1.33, 1.5, 0.8, 1.33, 1, 1.6, 0.75, 1.33, 1.5];
const FIRST_ROWS = 24; // of these the pictures are fetched at once

export class Results {
  constructor({ compare }) {
    this.compare = compare;
    this.min = 0;
    this.line = el("p", { class: "results-count" });
    this.copies = el("ul", { class: "copies" });
    this.near = el("ul", { class: "grid" });
    this.similar = el("ul", { class: "grid" });
    this.parts = [
      section("Copies", "The same picture, as it is or edited", this.copies),
      section("Near", "Other shots of the same thing or scene", this.near),
      section("Similar", "What looks like it", this.similar),
    ];
    this.end = el("p", { class: "end", hidden: true });
    this.node = el("div", { class: "results" }, el("div", { class: "results-line" }, this.line), this.parts, this.end);
    this.refresh = browseByKeys(this.node, { compare });
  }

  /** Boxes in place of hits that are on their way. */
  wait() {
    if (this.seen?.length) {
      this.node.dataset.waiting = ""; // the old ones stay, faded
      return;
    }
    this.line.textContent = "Searching …";
    this.parts.forEach((part) => { part.hidden = true; });
    this.ghosts ??= el("div", { class: "ghosts", "aria-hidden": "true" }, GHOSTS.map((ratio) => el("span", { style: { "--ratio": String(ratio) } })));
    this.node.append(this.ghosts);
  }

  /** Show an answer in place of what was there. */
  show(answer, min) {
    this.clear();
    this.answer = answer;
    this.min = min;
    this.add(answer.hits);
    this.tell(true);
  }

  clear() {
    delete this.node.dataset.waiting;
    this.ghosts?.remove();
    this.message?.remove();
    this.copies.replaceChildren();
    this.near.replaceChildren();
    this.similar.replaceChildren();
    this.seen = [];
  }

  fail(message) {
    this.clear();
    this.parts.forEach((part) => { part.hidden = true; });
    this.line.textContent = "";
    this.end.hidden = true;
    this.message = message;
    this.node.append(message);
  }

  more(hits) {
    this.add(hits);
    this.tell(false);
  }

  add(hits) {
    const asked = this.answer.query.id;
    const first = this.seen.length;
    hits.forEach((hit, n) => {
      const proved = hit.kind === "exact" || hit.kind === "copy";
      const node = proved
        ? copyCard(hit, { compare: this.compare, isQuery: hit.id === asked })
        : tile(hit, { compare: this.compare, eager: first + n < FIRST_ROWS });
      for (const button of node.querySelectorAll("button")) button.tabIndex = -1;
      node.hidden = !proved && hit.score < this.min;
      (proved ? this.copies : hit.kind === "near" ? this.near : this.similar).append(node);
      this.seen.push(node);
    });
    this.refresh();
  }

  /** Show only what is alike by at least `min`; copies are proved and stay. */
  setMin(min) {
    this.min = min;
    for (const list of [this.near, this.similar]) {
      for (const node of list.children) node.hidden = pictureOf(node).score < min;
    }
    this.refresh();
    this.tell(true);
  }

  /** Whether more hits could be above the threshold: they come in falling order. */
  get mayHaveMore() {
    const last = this.answer?.hits.at(-1);
    return Boolean(this.answer?.next_offset) && !(last?.kind === "similar" && last.score < this.min);
  }

  tell(aloud) {
    const shown = (list) => [...list.children].filter((node) => !node.hidden).length;
    const [copies, near, similar] = [this.copies, this.near, this.similar].map(shown);
    this.parts.forEach((part, n) => { part.hidden = ![copies, near, similar][n]; });
    const total = this.answer.total ?? null;
    const all = total === null || this.min ? similar : Math.max(similar, total - copies - near);
    const more = this.mayHaveMore && all === similar ? " and more" : "";
    const found = [
      copies ? count(copies, "copy", "copies") : "No copies",
      near ? count(near, "other shot", "other shots") : null,
      similar ? `${number(all)}${more} alike` : null,
    ].filter(Boolean);
    const text = found.join(", ");
    this.line.replaceChildren(el("b", {}, text), ` in ${took(this.answer.took_ms)}`);
    this.end.hidden = this.mayHaveMore;
    this.end.textContent = endOf(this.min, copies + near + similar, this.answer.hits.length);
    if (aloud) say(`${text}.`);
  }
}

function section(title, about, list) {
  const heading = el("h2", {}, title);
  return el("section", { "aria-label": title }, el("div", { class: "section-head" }, heading, el("p", {}, about)), list);
}

function endOf(min, shown, found) {
  if (!found) return "Nothing was found. Clear a filter, or index more folders.";
  if (shown < found) return `${number(found - shown)} less alike than ${min.toFixed(2)} are hidden. Lower the threshold to see them.`;
  return "That is all.";
}
