// The map as a surface: two canvases, the points below, names and pictures above; moved by pointer, wheel and keys.
import { thumbnailUrl } from "./api.js";
import { el } from "./dom.js";
import { cardPainter, plainPainter } from "./map-points.js";

const INSET_PX = 34;
const STRETCH = 1.7; // the axes of a map mean nothing: it may fill a wide screen
const CLOSEST = 400;
const REACH_PX = 16; // of a pointer to a point
const FEW = 1_500; // of so many points in sight some are shown as pictures, as far as there is room
const MOST_PICTURES = 120;
const MOST_NAMES = 48;
const MOST_IMAGES = 600;
const TAP_PX = 6;

export class MapCanvas {
  /** `on` has hover(point, x, y) and choose(point, x, y); a point of -1 is none. */
  constructor(points, on) {
    this.points = points;
    this.on = on;
    this.under = el("canvas", { "aria-hidden": "true" });
    this.over = el("canvas", {
      class: "map-over", tabindex: "0", role: "application", "aria-label": `Map of ${points.count} pictures: what is alike lies together`, "aria-describedby": "map-hint",
    });
    this.painter = cardPainter(this.under, points);
    this.under.addEventListener("webglcontextlost", () => this.doWithoutCard());
    if (!this.painter) this.doWithoutCard();
    this.context = this.over.getContext("2d");
    this.middles = points.middles().sort((a, b) => b.count - a.count);
    this.images = new Map();
    this.zoom = 1;
    this.centre = [0.5, 0.5];
    this.chosen = -1;
    this.hovered = -1;
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(this.over);
    this.listen();
    this.recolour();
  }

  leave() {
    this.watch.disconnect();
    cancelAnimationFrame(this.frame);
  }

  /** A canvas that was asked for the card once draws in no other way: it needs another. */
  doWithoutCard() {
    const plain = this.under.cloneNode();
    this.under.replaceWith(plain);
    this.under = plain;
    this.painter = plainPainter(plain, this.points);
    if (!this.middles) return;
    this.recolour();
    if (this.width) this.resize();
  }

  /** Colours of this theme: hues of neighbours far apart, by the golden angle from left to right. */
  recolour() {
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark" || (document.documentElement.dataset.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    const palette = this.points.labels.map(() => [128, 128, 128]);
    [...this.middles].sort((a, b) => a.x - b.x).forEach((one, n) => { palette[one.label] = rgb((n * 137.508 + 20) % 360, 0.6, dark ? 0.64 : 0.44); });
    this.painter.colour(palette.length ? palette : [[128, 128, 128]]);
    const style = getComputedStyle(this.over.isConnected ? this.over : document.body);
    this.ink = style.getPropertyValue("color") || "#000";
    this.card = dark ? "#1f1c19" : "#ffffff";
    for (const one of this.middles) one.picture = null; // written anew in these colours
    this.later();
  }

  resize() {
    this.ratio = Math.min(2, devicePixelRatio || 1);
    this.width = this.over.clientWidth;
    this.height = this.over.clientHeight;
    for (const canvas of [this.under, this.over]) {
      canvas.width = Math.round(this.width * this.ratio);
      canvas.height = Math.round(this.height * this.ratio);
    }
    const [w, h] = [this.width - 2 * INSET_PX, this.height - 2 * INSET_PX];
    this.base = [Math.max(40, Math.min(w, h * STRETCH)), Math.max(40, Math.min(h, w * STRETCH))];
    this.draw(); // at once: a canvas is empty once its size is set
  }

  later() {
    if (!this.width || this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  toScreen(n) {
    return [0, 1].map((axis) => this.half(axis) + (this.points.at[2 * n + axis] - this.centre[axis]) * this.base[axis] * this.zoom);
  }

  half(axis) {
    return (axis ? this.height : this.width) / 2;
  }

  toMap(x, y) {
    return [x, y].map((value, axis) => (value - this.half(axis)) / (this.base[axis] * this.zoom) + this.centre[axis]);
  }

  draw() {
    if (!this.width) return;
    const { ratio, zoom, base } = this;
    const scale = base.map((side) => side * zoom * ratio);
    const shift = [0, 1].map((axis) => this.half(axis) * ratio - this.centre[axis] * scale[axis]);
    const dense = Math.sqrt((this.width * this.height) / Math.max(1, this.points.count)); // px between points
    const size = Math.min(11, Math.max(2.6, dense * 0.34) * Math.sqrt(zoom)) * ratio;
    this.size = size / ratio;
    this.painter.draw({ scale, shift, size, chosen: this.chosen, width: this.under.width, height: this.under.height });
    const { context } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    this.drawPictures();
    this.drawNames();
    this.drawMark();
  }

  /** Where few points are in sight, the pictures themselves; what finds no room stays a point. */
  drawPictures() {
    const [left, top] = this.toMap(0, 0);
    const [right, bottom] = this.toMap(this.width, this.height);
    const seen = [];
    this.points.inBox(left, top, right, bottom, (n) => {
      const [x, y] = [this.points.at[2 * n], this.points.at[2 * n + 1]];
      if (x >= left && x <= right && y >= top && y <= bottom && (this.chosen < 0 || this.points.label[n] === this.chosen)) seen.push(n);
      return seen.length <= FEW;
    });
    seen.sort((a, b) => a - b); // the same ones wherever the map is moved
    this.asPictures = seen.length <= FEW;
    this.side = 0;
    if (!this.asPictures) return;
    const side = Math.max(this.width < 600 ? 40 : 52, Math.min(120, Math.sqrt((this.width * this.height) / Math.max(1, seen.length)) * 0.6));
    this.side = side;
    const taken = [];
    for (const n of seen) {
      const [x, y] = this.toScreen(n);
      if (taken.some(([otherX, otherY]) => Math.abs(x - otherX) < side * 0.8 && Math.abs(y - otherY) < side * 0.8)) continue;
      if (taken.push([x, y]) > MOST_PICTURES) break;
      const image = this.image(n);
      if (!image.complete || !image.naturalWidth) continue;
      const shrink = side / Math.max(image.naturalWidth, image.naturalHeight);
      const [w, h] = [image.naturalWidth * shrink, image.naturalHeight * shrink];
      this.context.fillStyle = this.card;
      this.context.fillRect(x - w / 2 - 1.5, y - h / 2 - 1.5, w + 3, h + 3);
      this.context.drawImage(image, x - w / 2, y - h / 2, w, h);
    }
  }

  image(n) {
    let image = this.images.get(n);
    if (image) return image;
    image = new Image();
    image.addEventListener("load", () => this.later());
    image.src = thumbnailUrl(this.points.id(n), 160);
    this.images.set(n, image);
    if (this.images.size > MOST_IMAGES) this.images.delete(this.images.keys().next().value);
    return image;
  }

  drawNames() {
    if (this.middles.length < 2) return;
    const { context } = this;
    const points = this.width < 600 ? 11 : 13;
    const taken = [];
    let tried = 0;
    for (const one of this.middles) {
      if (this.chosen >= 0 && one.label !== this.chosen) continue;
      const [x, middle] = this.toScreen(one.point);
      const y = middle + (this.side ? this.side / 2 + points : 0); // below a picture, not over it
      if (x < 0 || y < 0 || x > this.width || y > this.height) continue;
      tried += 1;
      if (tried > MOST_NAMES) break;
      one.picture ??= this.written(this.points.labels[one.label], points);
      const half = one.picture.width / this.ratio / 2;
      const box = [x - half, y - points - 3, x + half, y + 6];
      if (box[0] < 0 || box[1] < 0 || box[2] > this.width || box[3] > this.height) continue;
      if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
      taken.push(box);
      context.drawImage(one.picture, Math.round(box[0]), Math.round(box[1]), 2 * half, one.picture.height / this.ratio);
    }
  }

  /** A name with a rim around it: slow to draw, so once. */
  written(name, points) {
    const picture = document.createElement("canvas");
    const context = picture.getContext("2d");
    const font = `650 ${points}px system-ui, sans-serif`;
    context.font = font;
    picture.width = Math.ceil((context.measureText(name).width + 8) * this.ratio);
    picture.height = Math.ceil((points + 9) * this.ratio);
    context.scale(this.ratio, this.ratio);
    Object.assign(context, { font, lineJoin: "round", lineWidth: 4, strokeStyle: this.card, fillStyle: this.ink });
    context.strokeText(name, 4, points + 3);
    context.fillText(name, 4, points + 3);
    return picture;
  }

  drawMark() {
    if (this.hovered < 0) return;
    const [x, y] = this.toScreen(this.hovered);
    const { context } = this;
    for (const [colour, wide] of [[this.card, 5], [this.ink, 2.5]]) {
      context.strokeStyle = colour;
      context.lineWidth = wide;
      context.beginPath();
      context.arc(x, y, this.size / 2 + 5, 0, 7);
      context.stroke();
    }
  }

  /** Zoom by a factor, so that what is at x, y stays there. */
  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    const before = this.toMap(x, y);
    this.zoom = Math.min(CLOSEST, Math.max(0.8, this.zoom * factor));
    const after = this.toMap(x, y);
    this.pan(before[0] - after[0], before[1] - after[1]);
  }

  /** By keyboard: into the picture that is meant, not into the emptiness beside it. */
  zoomIn() {
    if (this.hovered >= 0) this.centre = [...this.points.at.subarray(2 * this.hovered, 2 * this.hovered + 2)];
    this.zoomBy(1.5);
  }

  pan(x, y) {
    this.centre = [this.centre[0] + x, this.centre[1] + y].map((value) => Math.min(1.05, Math.max(-0.05, value)));
    this.later();
  }

  whole() {
    this.zoom = 1;
    this.centre = [0.5, 0.5];
    this.hover(-1);
    this.later();
  }

  choose(label) {
    this.chosen = label;
    this.hover(-1);
    this.later();
  }

  near(x, y, reach) {
    if (!this.width) return -1; // not laid out yet
    const [mapX, mapY] = this.toMap(x, y);
    return this.points.nearest(mapX, mapY, reach / (this.base[0] * this.zoom), reach / (this.base[1] * this.zoom), this.chosen);
  }

  hover(n) {
    if (n === this.hovered) return;
    this.hovered = n;
    this.over.toggleAttribute("data-on", n >= 0);
    this.on.hover(n, ...(n >= 0 ? this.toScreen(n) : []));
    this.later();
  }

  /** By keyboard, the point nearest to the middle is the one meant. */
  hoverMiddle() {
    this.hover(this.near(this.width / 2, this.height / 2, Math.max(this.width, this.height)));
  }

  listen() {
    const held = new Map(); // pointers that are down
    let travelled = 0;
    const place = (event) => {
      const bounds = this.over.getBoundingClientRect();
      return [event.clientX - bounds.left, event.clientY - bounds.top];
    };
    const reach = (event) => (event.pointerType === "touch" ? REACH_PX * 1.6 : REACH_PX) + (this.asPictures ? 30 : 0);
    this.over.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      this.over.setPointerCapture(event.pointerId);
      held.set(event.pointerId, place(event));
      travelled = held.size > 1 ? Infinity : 0;
    });
    this.over.addEventListener("pointermove", (event) => {
      const now = place(event);
      const before = held.get(event.pointerId);
      if (!before) {
        this.hover(this.near(...now, reach(event)));
        return;
      }
      const others = [...held].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
      held.set(event.pointerId, now);
      if (travelled > TAP_PX) {
        this.over.toggleAttribute("data-held", true);
        this.hover(-1);
      }
      const share = others.length ? 0.5 : 1; // of two fingers each moves half of it
      this.pan((-share * (now[0] - before[0])) / (this.base[0] * this.zoom), (-share * (now[1] - before[1])) / (this.base[1] * this.zoom));
      if (others.length) {
        const [x, y] = others[0];
        this.zoomBy(Math.hypot(now[0] - x, now[1] - y) / Math.max(1, Math.hypot(before[0] - x, before[1] - y)), (now[0] + x) / 2, (now[1] + y) / 2);
      }
    });
    const release = (event) => {
      const tapped = held.delete(event.pointerId) && travelled <= TAP_PX && event.type === "pointerup";
      if (!held.size) this.over.removeAttribute("data-held");
      if (!tapped) return;
      const found = this.near(...place(event), reach(event));
      this.hover(found);
      this.on.choose(found, ...place(event));
    };
    this.over.addEventListener("pointerup", release);
    this.over.addEventListener("pointercancel", release);
    this.over.addEventListener("pointerleave", () => held.size || this.hover(-1));
    this.over.addEventListener("dblclick", (event) => this.zoomBy(2, ...place(event)));
    this.over.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.hover(-1);
      this.zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), ...place(event));
    }, { passive: false });
    this.over.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = 0.12;
    const [x, y] = [(step * this.width) / (this.base[0] * this.zoom), (step * this.height) / (this.base[1] * this.zoom)];
    const act = {
      ArrowLeft: () => this.pan(-x, 0), ArrowRight: () => this.pan(x, 0), ArrowUp: () => this.pan(0, -y), ArrowDown: () => this.pan(0, y),
      "+": () => this.zoomIn(), "=": () => this.zoomIn(), "-": () => this.zoomBy(1 / 1.5), 0: () => this.whole(),
      Enter: () => this.hovered >= 0 && this.on.choose(this.hovered, ...this.toScreen(this.hovered), true),
      Escape: () => this.on.choose(-1),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
    if (event.key !== "Enter" && event.key !== "Escape") this.hoverMiddle();
  }
}

function rgb(hue, saturation, lightness) {
  const spread = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((k) => {
    const at = (k + hue / 30) % 12;
    return Math.round(255 * (lightness - spread * Math.max(-1, Math.min(at - 3, 9 - at, 1))));
  });
}
