// The picture asked with, beside its results: what it is, the box on it, the threshold, the filters.
import { copyText } from "./actions.js";
import { el, setStyle } from "./dom.js";
import { filterForm, howMany } from "./filters.js";
import { icon } from "./icons.js";
import { tell } from "./notices.js";
import { Region } from "./region.js";
import { queryPicture } from "./tile.js";
import { measures, score } from "./words.js";

const TALLEST = "42vh";

/** A panel; `on` has region(box), min(value, settled) and filters(params). */
export class QueryPanel {
  constructor(query, params, on, preview) {
    this.query = query;
    this.stage = el("div", { class: "stage" }, queryPicture(query, preview));
    const ratio = query.width / query.height || 1;
    setStyle(this.stage, { "aspect-ratio": String(ratio), width: `min(100%, calc(${TALLEST} * ${ratio.toFixed(4)}))` });
    this.region = new Region(this.stage, (box) => {
      this.showRegion(box);
      on.region(box);
    });
    this.whole = el("button", { class: "button small", type: "button", hidden: true, onclick: () => this.wholePicture() }, icon("whole"), "Whole picture");
    this.part = el("button", { class: "button small", type: "button", onclick: () => this.askPart() }, icon("box"), "Search a part");
    this.stage.addEventListener("cleared", () => this.wholePicture());
    const share = el("button", { class: "button small", type: "button", onclick: () => copyLink() }, icon("link"), "Copy link");
    this.filterCount = el("b");
    this.node = el(
      "aside",
      { class: "asked", "aria-label": "The picture asked with" },
      el("div", { class: "asked-picture" }, this.stage),
      el(
        "div",
        { class: "asked-about" },
        el("h1", { class: "unseen", tabindex: "-1" }, `Search with ${query.name || "a picture"}`),
        el("p", { class: "asked-name" }, query.name || "Picture"),
        el("p", { class: "asked-facts number" }, `${measures(query)}${query.in_gallery ? ", in the gallery" : ""}`),
        el("p", { class: "unseen", id: "region-help" }, "Arrow keys move the box, with Shift they resize it, Escape takes it away."),
        el("p", { class: "asked-facts for-mouse" }, "Draw a box on the picture to search by a part of it."),
      ),
      el("div", { class: "asked-actions" }, this.part, this.whole, share),
      el("div", { class: "asked-tools" }, this.threshold(params, on.min), this.filters(params, on.filters)),
    );
    this.showFilters(params);
  }

  askPart() {
    this.stage.dataset.drawing = ""; // a finger now draws in place of scrolling
    this.region.offer();
  }

  wholePicture() {
    this.region.clear();
    this.showRegion(null); // at once: what is hidden can't take the focus
    this.part.focus();
  }

  showRegion(box) {
    this.whole.hidden = !box;
    this.part.hidden = Boolean(box);
  }

  /** Show what the address says. */
  update(params, box) {
    this.region.soon.cancel();
    this.region.put(box);
    this.showRegion(box);
    this.showFilters(params);
    this.showMin(params.get("min"));
  }

  threshold(params, changed) {
    this.slider = el("input", { type: "range", min: "0", max: "1", step: "0.01", "aria-label": "Least score shown" });
    this.least = el("output", { class: "number" });
    this.slider.addEventListener("input", () => {
      this.sayMin();
      changed(Number(this.slider.value));
    });
    this.showMin(params.get("min"));
    return el("div", { class: "threshold" }, el("div", { class: "threshold-line small" }, el("span", { class: "faint" }, "Show what is alike by at least"), this.least), this.slider);
  }

  showMin(min) {
    this.slider.value = min ?? "0";
    this.sayMin();
  }

  sayMin() {
    const value = Number(this.slider.value);
    this.least.textContent = value ? score(value) : "any";
    this.slider.setAttribute("aria-valuetext", value ? `score ${score(value)}` : "any score");
  }

  filters(params, changed) {
    const open = howMany(params) > 0 || matchMedia("(min-width: 901px)").matches;
    return el("details", { class: "filters", open }, el("summary", {}, "Filters ", this.filterCount), filterForm(params, changed));
  }

  showFilters(params) {
    const set = howMany(params);
    this.filterCount.textContent = set ? `${set} set` : "";
  }
}

async function copyLink() {
  try {
    await copyText(location.href);
    tell("Copied the link of this search.");
  } catch {
    tell("This browser does not let the page copy. The link is in the address bar.", { bad: true });
  }
}
