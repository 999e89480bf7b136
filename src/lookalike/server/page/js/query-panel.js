// The query beside its results, with the selected area, the minimum similarity and the filters.
import { button } from "./buttons.js";
import { el, setStyle } from "./dom.js";
import { activeFilters, filterForm } from "./filters.js";
import { dimensions, formatScore } from "./format.js";
import { notify } from "./notifications.js";
import { copyText } from "./picture-actions.js";
import { queryImage } from "./picture-cards.js";
import { RegionSelector } from "./region-selector.js";

const MAX_HEIGHT = "42vh";

export class QueryPanel {
  /** `callbacks` are onRegion(box), onMin(value) and onFilters(params). */
  constructor(query, params, { onRegion, onMin, onFilters }, preview) {
    this.query = query;
    this.stage = el("div", { class: "stage" }, queryImage(query, preview));
    const ratio = query.width / query.height || 1;
    setStyle(this.stage, {
      "aspect-ratio": String(ratio),
      width: `min(100%, calc(${MAX_HEIGHT} * ${ratio.toFixed(4)}))`,
    });
    this.region = new RegionSelector(this.stage, (box) => {
      this.updateButtons(box);
      onRegion(box);
    });
    this.wholeButton = button("Whole picture", () => this.clearRegion(), {
      iconName: "expand",
      hidden: true,
    });
    this.areaButton = button("Select an area", () => this.selectArea(), { iconName: "area" });
    this.stage.addEventListener("cleared", () => this.clearRegion());
    this.filterCount = el("b");
    const keyHelp = "Arrow keys move the area, Shift and arrow keys resize it, Escape removes it.";
    this.node = el(
      "aside",
      { class: "query", "aria-label": "Your picture" },
      el("div", { class: "query-picture" }, this.stage),
      el(
        "div",
        { class: "query-about" },
        el(
          "h1",
          { class: "visually-hidden", tabindex: "-1" },
          `Results for ${query.name || "your picture"}`,
        ),
        el("p", { class: "query-name" }, query.name || "Your picture"),
        el(
          "p",
          { class: "query-facts tabular" },
          `${dimensions(query)}${query.in_gallery ? ", in your gallery" : ""}`,
        ),
        el("p", { class: "visually-hidden", id: "region-help" }, keyHelp),
        el(
          "p",
          { class: "query-facts mouse-only" },
          "Draw a box on the picture to search for that area only.",
        ),
      ),
      el(
        "div",
        { class: "query-actions" },
        this.areaButton,
        this.wholeButton,
        button("Copy link", copyLink, { iconName: "link" }),
      ),
      el(
        "div",
        { class: "query-tools" },
        this.threshold(params, onMin),
        this.filters(params, onFilters),
      ),
    );
    this.updateFilterCount(params);
  }

  selectArea() {
    this.stage.dataset.drawing = ""; // a finger now draws instead of scrolling
    this.region.selectMiddle();
  }

  clearRegion() {
    this.region.clear();
    this.updateButtons(null); // at once, as a hidden button cannot take the focus
    this.areaButton.focus();
  }

  updateButtons(box) {
    this.wholeButton.hidden = !box;
    this.areaButton.hidden = Boolean(box);
  }

  /** Show what the URL says. */
  update(params, box) {
    this.region.reportSoon.cancel();
    this.region.setBox(box);
    this.updateButtons(box);
    this.updateFilterCount(params);
    this.showMin(params.get("min"));
  }

  threshold(params, onChange) {
    this.slider = el("input", {
      type: "range",
      min: "0",
      max: "1",
      step: "0.01",
      "aria-label": "Minimum similarity",
    });
    this.minOutput = el("output", { class: "tabular" });
    this.slider.addEventListener("input", () => {
      this.updateMinOutput();
      onChange(Number(this.slider.value));
    });
    this.showMin(params.get("min"));
    const head = el(
      "div",
      { class: "threshold-head small" },
      el("span", { class: "muted" }, "Minimum similarity"),
      this.minOutput,
    );
    return el("div", { class: "threshold" }, head, this.slider);
  }

  showMin(min) {
    this.slider.value = min ?? "0";
    this.updateMinOutput();
  }

  updateMinOutput() {
    const min = Number(this.slider.value);
    this.minOutput.textContent = min ? formatScore(min) : "any";
    this.slider.setAttribute("aria-valuetext", this.minOutput.textContent);
  }

  filters(params, onChange) {
    const open = activeFilters(params) > 0 || matchMedia("(min-width: 901px)").matches;
    return el(
      "details",
      { class: "filters", open },
      el("summary", {}, "Filters ", this.filterCount),
      filterForm(params, onChange),
    );
  }

  updateFilterCount(params) {
    const active = activeFilters(params);
    this.filterCount.textContent = active ? `${active} active` : "";
  }
}

async function copyLink() {
  try {
    await copyText(location.href);
    notify("Copied the link to this search.");
  } catch {
    notify("Your browser blocks copying. Copy the link from the address bar.", { error: true });
  }
}
