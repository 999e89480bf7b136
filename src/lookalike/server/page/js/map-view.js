// The map view: the gallery as points on a plane, with similar pictures close together.
import * as api from "./api.js";
import { button, iconButton } from "./buttons.js";
import { debounce, el, setStyle } from "./dom.js";
import { emptyGallery, showLoadError } from "./empty-gallery.js";
import { countOf, fileName, formatPercent } from "./format.js";
import { icon } from "./icons.js";
import { waitForResult } from "./jobs.js";
import { MapCanvas } from "./map-canvas.js";
import { MapPoints } from "./map-points.js";
import { announce } from "./notifications.js";
import { openFile } from "./picture-actions.js";
import { ROOT } from "./root.js";

const CARD_WIDTH_PX = 196;
const CARD_HEIGHT_PX = 260;
const CARD_BUTTONS_PX = 80;
const NAME_DELAY_MS = 120; // how long a point must be hovered before its file name is fetched
const ZOOM_STEP = 1.8;
const BUILDING = "Building the map";

export class MapView {
  constructor(main) {
    this.main = main;
    this.controller = new AbortController();
    document.title = "Map – lookalike";
    this.pinned = -1; // the point whose card stays open
    this.summary = el("p", { role: "status" }, "Loading…");
    this.labelSelect = el("select", {
      class: "input",
      "aria-label": "Show only this label",
      hidden: true,
    });
    this.rebuildButton = button("Rebuild map", () => this.load(true), {
      iconName: "refresh",
      hidden: true,
    });
    this.frame = el("div", { class: "map-frame" });
    main.replaceChildren(
      el(
        "div",
        { class: "map-view" },
        el(
          "div",
          { class: "heading" },
          el("div", {}, el("h1", { tabindex: "-1" }, "Map"), this.summary),
          el("div", { class: "heading-tools" }, this.rebuildButton, this.labelSelect),
        ),
        this.frame,
      ),
    );
    this.updateColours = () => this.canvas?.updateColours();
    document.addEventListener("theme-changed", this.updateColours);
    this.showNameSoon = debounce(NAME_DELAY_MS, (point) => this.showName(point));
    this.load();
  }

  leave() {
    document.removeEventListener("theme-changed", this.updateColours);
    this.controller.abort();
    this.showNameSoon.cancel();
    this.canvas?.leave();
  }

  async load(refresh = false) {
    const { signal } = this.controller;
    this.frame.replaceChildren(el("p", { class: "map-message muted" }, `${BUILDING}…`));
    const request = (again) => api.map(again, signal);
    const failure = "Couldn't build the map. Try again.";
    try {
      const map = await waitForResult(
        request,
        refresh,
        (job) => this.showProgress(job),
        signal,
        failure,
      );
      if (!map.count) {
        this.main.replaceChildren(emptyGallery());
        return;
      }
      const [buffer, labels] = await Promise.all([api.mapPoints(signal), api.mapLabels(signal)]);
      this.show(map, new MapPoints(buffer, labels));
    } catch (error) {
      if (api.isAbort(error)) return;
      this.summary.textContent = "";
      const message = el("div", { class: "map-message" });
      this.frame.replaceChildren(message);
      showLoadError(error, this.main, message, () => this.load());
    }
  }

  showProgress({ progress }) {
    const { stage, done, todo } = progress ?? {};
    const share = todo ? `: ${formatPercent(done / todo)}` : "…";
    this.summary.textContent = `${stage || BUILDING}${share}`;
  }

  show(map, points) {
    this.canvas?.leave();
    this.points = points;
    const sentences = [
      `${countOf(points.count, "picture")}: similar pictures are close together.`,
      `Layout: ${map.method}.`,
      map.note,
    ];
    this.summary.textContent = sentences.filter(Boolean).join(" ");
    this.canvas = new MapCanvas(points, {
      onHover: (point, x, y) => this.hover(point, x, y),
      onPick: (point, x, y, byKey) => this.pick(point, x, y, byKey),
    });
    this.card = el("div", { class: "map-card", hidden: true });
    const hint = el(
      "p",
      { class: "map-hint", id: "map-hint" },
      el(
        "span",
        { class: "mouse-only" },
        "Scroll or press + and − to zoom. Drag or press arrow keys to move. " +
          "Enter selects the picture in the middle.",
      ),
      el("span", { class: "visually-hidden" }, " 0 shows the whole map."),
    );
    const zoomButtons = el(
      "div",
      { class: "map-zoom" },
      iconButton("plus", "Zoom in", () => this.canvas.zoomBy(ZOOM_STEP)),
      iconButton("minus", "Zoom out", () => this.canvas.zoomBy(1 / ZOOM_STEP)),
      iconButton("expand", "Whole map", () => this.canvas.showAll()),
    );
    this.frame.replaceChildren(this.canvas.base, this.canvas.surface, hint, this.card, zoomButtons);
    this.canvas.updateColours();
    this.rebuildButton.hidden = !map.stale; // the gallery has not changed since
    this.fillLabels(points);
    announce(this.summary.textContent);
  }

  fillLabels({ labels }) {
    if (labels.length < 2) return;
    const sorted = labels
      .map((name, label) => [name, label])
      .sort(([a], [b]) => a.localeCompare(b));
    const options = sorted.map(([name, label]) => el("option", { value: String(label) }, name));
    this.labelSelect.replaceChildren(el("option", { value: "-1" }, "All labels"), ...options);
    this.labelSelect.hidden = false;
    this.labelSelect.onchange = () => this.canvas.showLabel(Number(this.labelSelect.value));
  }

  hover(point, x, y) {
    if (this.pinned >= 0) {
      if (point < 0 || point === this.pinned) return; // it stays until another point is hovered
      this.pinned = -1;
    }
    this.showCard(point, x, y);
  }

  pick(point, x, y, byKey) {
    this.pinned = point;
    this.showCard(point, x, y, { pinned: point >= 0 });
    if (byKey && point >= 0) this.card.querySelector("a")?.focus();
  }

  labelOf(point) {
    return this.points.labels[this.points.label[point]] ?? "";
  }

  showCard(point, x, y, { pinned = false } = {}) {
    this.showNameSoon.cancel();
    this.card.hidden = point < 0;
    if (point < 0) return;
    const id = this.points.id(point);
    this.nameNode = el("span", { class: "muted path" }, "");
    this.card.toggleAttribute("data-pinned", pinned);
    this.card.replaceChildren(
      el("img", { src: api.thumbnailUrl(id, 320), alt: "" }),
      el("b", {}, this.labelOf(point)),
      this.nameNode,
    );
    if (pinned) {
      this.card.append(
        el(
          "a",
          { class: "button primary small", href: `${ROOT}/?q=${id}` },
          icon("search"),
          "Search with it",
        ),
        button("Open", () => openFile({ id }), { iconName: "open" }),
      );
    }
    const { width, height } = this.canvas;
    const cardHeight = CARD_HEIGHT_PX + (pinned ? CARD_BUTTONS_PX : 0);
    const left = x + CARD_WIDTH_PX + 30 > width ? x - CARD_WIDTH_PX - 18 : x + 18;
    setStyle(this.card, {
      left: `${Math.max(6, Math.min(width - CARD_WIDTH_PX - 6, left))}px`,
      top: `${Math.max(6, Math.min(height - cardHeight, y - 90))}px`,
    });
    this.showNameSoon(point);
  }

  async showName(point) {
    const node = this.nameNode;
    try {
      const picture = await api.picture(this.points.id(point), this.controller.signal);
      node.textContent = fileName(picture.paths[0]);
      announce(`${this.labelOf(point)}, ${node.textContent}`);
    } catch {
      // The card then shows the label alone.
    }
  }
}
