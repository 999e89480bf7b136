// The map of the gallery: what is alike lies together.
import { openPicture } from "./actions.js";
import * as api from "./api.js";
import { debounced, el, setStyle } from "./dom.js";
import { icon } from "./icons.js";
import { answered } from "./jobs.js";
import { firstRun } from "./landing.js";
import { MapCanvas } from "./map-canvas.js";
import { Points } from "./map-space.js";
import { messageOf, say } from "./notices.js";
import { count, fileName } from "./words.js";

const CARD_WIDTH_PX = 196;
const CARD_HEIGHT_PX = 260;
const NAMED_MS = 120; // a point must be meant so long before its name is asked for

export const mapView = { show: (main) => new MapView(main) };

class MapView {
  constructor(main) {
    this.main = main;
    this.controller = new AbortController();
    document.title = "Map – lookalike";
    this.about = el("p", { role: "status" }, "Looking …");
    this.label = el("select", { class: "input", "aria-label": "Show only this label", hidden: true });
    this.anew = el("button", { class: "button small", type: "button", hidden: true, onclick: () => this.load(true) }, icon("refresh"), "Lay it out anew");
    this.frame = el("div", { class: "map-frame" });
    main.replaceChildren(
      el(
        "div",
        { class: "map-view" },
        el("div", { class: "heading" }, el("div", {}, el("h1", { tabindex: "-1" }, "Map"), this.about), el("div", { class: "map-tools" }, this.anew, this.label)),
        this.frame,
      ),
    );
    this.recolour = () => this.canvas?.recolour();
    document.addEventListener("theme-changed", this.recolour);
    this.name = debounced(NAMED_MS, (n) => this.showName(n));
    this.load();
  }

  leave() {
    document.removeEventListener("theme-changed", this.recolour);
    this.controller.abort();
    this.name.cancel();
    this.canvas?.leave();
  }

  update() {
    return null;
  }

  async load(refresh = false) {
    const { signal } = this.controller;
    this.frame.replaceChildren(el("p", { class: "map-wait faint" }, "Laying the pictures out …"));
    try {
      const ask = (anew) => api.map(anew, signal);
      const answer = await answered(ask, refresh, (job) => this.progress(job), signal, "The map could not be made. Try again.");
      if (!answer.count) {
        this.main.replaceChildren(firstRun());
        return;
      }
      const [buffer, labels] = await Promise.all([api.mapPoints(signal), api.mapLabels(signal)]);
      this.show(answer, new Points(buffer, labels));
    } catch (error) {
      if (api.wasAborted(error)) return;
      if (error.code === "gallery_empty") {
        this.main.replaceChildren(firstRun());
        return;
      }
      this.about.textContent = "";
      this.frame.replaceChildren(el("div", { class: "map-wait" }, messageOf(error, () => this.load())));
    }
  }

  progress(job) {
    const at = job.progress;
    const stage = at?.stage || "Laying the pictures out";
    this.about.textContent = at?.todo ? `${stage}: ${Math.round((100 * at.done) / at.todo)}% …` : `${stage} …`;
  }

  show(answer, points) {
    this.canvas?.leave();
    this.points = points;
    this.about.textContent = `${count(points.count, "picture", "pictures")}; what is alike lies together, by ${answer.method}. ${answer.note ?? ""}`.trim();
    this.canvas = new MapCanvas(points, { hover: (n, x, y) => this.hover(n, x, y), choose: (n, x, y, byKey) => this.choose(n, x, y, byKey) });
    const button = (what, label, act) => el("button", { class: "icon-button", type: "button", "aria-label": label, title: label, onclick: act }, icon(what));
    this.card = el("div", { class: "map-card", hidden: true });
    this.frame.replaceChildren(
      this.canvas.under,
      this.canvas.over,
      el("p", { class: "map-hint", id: "map-hint" }, el("span", { class: "for-mouse" }, "Scroll or + and − zoom, drag or arrow keys move, Enter opens the picture in the middle."), el("span", { class: "unseen" }, " 0 shows all of it.")),
      this.card,
      el("div", { class: "map-zoom" }, button("plus", "Zoom in", () => this.canvas.zoomBy(1.8)), button("minus", "Zoom out", () => this.canvas.zoomBy(1 / 1.8)), button("whole", "All of it", () => this.canvas.whole())),
    );
    this.canvas.recolour();
    this.anew.hidden = !answer.stale; // the gallery has changed since
    this.fillLabels(points);
    say(this.about.textContent);
  }

  fillLabels(points) {
    if (points.labels.length < 2) return;
    const options = points.labels.map((name, label) => [name, label]).sort(([a], [b]) => a.localeCompare(b));
    this.label.replaceChildren(el("option", { value: "-1" }, "All labels"), ...options.map(([name, label]) => el("option", { value: String(label) }, name)));
    this.label.hidden = false;
    this.label.onchange = () => this.canvas.choose(Number(this.label.value));
  }

  hover(n, x, y) {
    if (this.kept !== undefined && this.kept >= 0) {
      if (n < 0 || n === this.kept) return; // what was chosen stays until another is meant
      this.kept = -1;
    }
    this.showCard(n, x, y, false);
  }

  choose(n, x, y, byKey) {
    this.kept = n;
    this.showCard(n, x, y, n >= 0);
    if (byKey && n >= 0) this.card.querySelector("a")?.focus();
  }

  showCard(n, x, y, stays) {
    this.name.cancel();
    this.card.hidden = n < 0;
    if (n < 0) return;
    const id = this.points.id(n);
    this.fileName = el("span", { class: "faint path" }, "");
    this.card.toggleAttribute("data-stays", stays);
    this.card.replaceChildren(
      el("img", { src: api.thumbnailUrl(id, 320), alt: "" }),
      el("b", {}, this.points.labels[this.points.label[n]] ?? ""),
      this.fileName,
      ...(stays
        ? [
          el("a", { class: "button first small", href: `/?q=${id}` }, icon("search"), "Ask with it"),
          el("button", { class: "button small", type: "button", onclick: () => openPicture({ id }) }, icon("open"), "Open"),
        ]
        : []),
    );
    const { width, height } = this.canvas;
    const left = x + CARD_WIDTH_PX + 30 > width ? x - CARD_WIDTH_PX - 18 : x + 18;
    setStyle(this.card, {
      left: `${Math.max(6, Math.min(width - CARD_WIDTH_PX - 6, left))}px`,
      top: `${Math.max(6, Math.min(height - CARD_HEIGHT_PX - (stays ? 80 : 0), y - 90))}px`,
    });
    this.name(n);
  }

  async showName(n) {
    const into = this.fileName;
    try {
      const picture = await api.picture(this.points.id(n), this.controller.signal);
      into.textContent = fileName(picture.paths[0]);
      say(`${this.points.labels[this.points.label[n]] ?? ""}, ${into.textContent}`);
    } catch {
      // the label says enough
    }
  }
}
