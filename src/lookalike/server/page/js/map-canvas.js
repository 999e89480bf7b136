// The map's two canvases: points on the base, thumbnails and names of labels on the surface.
import { thumbnailUrl } from "./api.js";
import { el } from "./dom.js";
import { countOf } from "./format.js";
import { listenForGestures } from "./map-gestures.js";
import { createCanvasRenderer, createWebGLRenderer, labelPalette } from "./map-renderer.js";

const PADDING_PX = 34;
const MAX_STRETCH = 1.7; // the axes mean nothing, so the map may fill a wide screen
const MIN_ZOOM = 0.8;
const MAX_ZOOM = 400;
const MAX_POINTS_AS_PICTURES = 1_500; // with more points in sight, no thumbnails are drawn
const MAX_PICTURES = 120;
const MAX_NAMES = 48;
const MAX_CACHED_IMAGES = 600;
const THUMBNAIL_PX = 160;

export class MapCanvas {
  /** `callbacks` are onHover(point, x, y) and onPick(point, x, y, byKey); a point of -1 is none. */
  constructor(points, { onHover, onPick }) {
    this.points = points;
    this.onHover = onHover;
    this.onPick = onPick;
    this.base = el("canvas", { "aria-hidden": "true" });
    const count = countOf(points.count, "picture");
    this.surface = el("canvas", {
      class: "map-surface",
      tabindex: "0",
      role: "application",
      "aria-label": `Map of ${count}: similar pictures are close together`,
      "aria-describedby": "map-hint",
    });
    this.context = this.surface.getContext("2d");
    this.centroids = points.centroids().sort((a, b) => b.count - a.count);
    this.images = new Map();
    this.zoom = 1;
    this.centre = [0.5, 0.5];
    this.shownLabel = -1; // all of them
    this.hovered = -1;
    this.renderer = createWebGLRenderer(this.base, points);
    this.base.addEventListener("webglcontextlost", () => this.useCanvasRenderer());
    if (!this.renderer) this.useCanvasRenderer();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.surface);
    listenForGestures(this);
    this.updateColours();
  }

  leave() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
  }

  /** Draw without WebGL, on a new canvas: one that had a WebGL context gives no other. */
  useCanvasRenderer() {
    const canvas = this.base.cloneNode();
    this.base.replaceWith(canvas);
    this.base = canvas;
    this.renderer = createCanvasRenderer(canvas, this.points);
    this.updateColours();
    if (this.width) this.resize();
  }

  /** Take the colours of the current theme. */
  updateColours() {
    const root = document.documentElement;
    const isDark =
      getComputedStyle(root).colorScheme === "dark" ||
      (root.dataset.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    this.renderer.setPalette(labelPalette(this.points.labels.length, this.centroids, isDark));
    const style = getComputedStyle(this.surface.isConnected ? this.surface : document.body);
    this.textColour = style.getPropertyValue("color") || "#000";
    this.surfaceColour = isDark ? "#1f1c19" : "#ffffff";
    for (const centroid of this.centroids) centroid.nameImage = null; // its colours changed
    this.drawSoon();
  }

  resize() {
    this.ratio = Math.min(2, devicePixelRatio || 1);
    this.width = this.surface.clientWidth;
    this.height = this.surface.clientHeight;
    for (const canvas of [this.base, this.surface]) {
      canvas.width = Math.round(this.width * this.ratio);
      canvas.height = Math.round(this.height * this.ratio);
    }
    const [w, h] = [this.width - 2 * PADDING_PX, this.height - 2 * PADDING_PX];
    this.extent = [
      Math.max(40, Math.min(w, h * MAX_STRETCH)),
      Math.max(40, Math.min(h, w * MAX_STRETCH)),
    ];
    this.draw(); // at once: setting its size empties a canvas
  }

  drawSoon() {
    if (!this.width || this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  half(axis) {
    return (axis ? this.height : this.width) / 2;
  }

  /** Pixels of one unit of the map on an axis. */
  scale(axis) {
    return this.extent[axis] * this.zoom;
  }

  toScreen(point) {
    return [0, 1].map(
      (axis) =>
        this.half(axis) +
        (this.points.position[2 * point + axis] - this.centre[axis]) * this.scale(axis),
    );
  }

  toMap(x, y) {
    return [x, y].map(
      (value, axis) => (value - this.half(axis)) / this.scale(axis) + this.centre[axis],
    );
  }

  draw() {
    if (!this.width) return;
    const { ratio, context } = this;
    const scale = [0, 1].map((axis) => this.scale(axis) * ratio);
    const shift = [0, 1].map((axis) => this.half(axis) * ratio - this.centre[axis] * scale[axis]);
    const pixelsApart = Math.sqrt((this.width * this.height) / Math.max(1, this.points.count));
    this.pointSize = Math.min(11, Math.max(2.6, pixelsApart * 0.34) * Math.sqrt(this.zoom));
    const { width, height } = this.base;
    this.renderer.draw({
      scale,
      shift,
      size: this.pointSize * ratio,
      shownLabel: this.shownLabel,
      width,
      height,
    });
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    this.drawPictures();
    this.drawNames();
    this.drawHoverRing();
  }

  /** Draw thumbnails where few points are in sight; those that would overlap stay points. */
  drawPictures() {
    const visible = this.visiblePoints();
    this.showsPictures = visible.length <= MAX_POINTS_AS_PICTURES;
    this.pictureSide = 0;
    if (!this.showsPictures) return;
    const room = Math.sqrt((this.width * this.height) / Math.max(1, visible.length)) * 0.6;
    const side = Math.max(this.width < 600 ? 40 : 52, Math.min(120, room));
    this.pictureSide = side;
    const drawn = [];
    for (const point of visible) {
      const [x, y] = this.toScreen(point);
      const overlaps = ([otherX, otherY]) =>
        Math.abs(x - otherX) < side * 0.8 && Math.abs(y - otherY) < side * 0.8;
      if (drawn.some(overlaps)) continue;
      if (drawn.push([x, y]) > MAX_PICTURES) break;
      const image = this.image(point);
      if (!image.complete || !image.naturalWidth) continue;
      const shrink = side / Math.max(image.naturalWidth, image.naturalHeight);
      const [w, h] = [image.naturalWidth * shrink, image.naturalHeight * shrink];
      this.context.fillStyle = this.surfaceColour;
      this.context.fillRect(x - w / 2 - 1.5, y - h / 2 - 1.5, w + 3, h + 3);
      this.context.drawImage(image, x - w / 2, y - h / 2, w, h);
    }
  }

  /** Up to MAX_POINTS_AS_PICTURES + 1 points in sight, in an order that panning does not change. */
  visiblePoints() {
    const [left, top] = this.toMap(0, 0);
    const [right, bottom] = this.toMap(this.width, this.height);
    const { position, label } = this.points;
    const visible = [];
    this.points.inBox(left, top, right, bottom, (point) => {
      const [x, y] = [position[2 * point], position[2 * point + 1]];
      const isInside = x >= left && x <= right && y >= top && y <= bottom;
      if (isInside && (this.shownLabel < 0 || label[point] === this.shownLabel))
        visible.push(point);
      return visible.length <= MAX_POINTS_AS_PICTURES;
    });
    return visible.sort((a, b) => a - b);
  }

  image(point) {
    let image = this.images.get(point);
    if (image) return image;
    image = new Image();
    image.addEventListener("load", () => this.drawSoon());
    image.src = thumbnailUrl(this.points.id(point), THUMBNAIL_PX);
    this.images.set(point, image);
    if (this.images.size > MAX_CACHED_IMAGES) this.images.delete(this.images.keys().next().value);
    return image;
  }

  drawNames() {
    if (this.centroids.length < 2) return;
    const fontSize = this.width < 600 ? 11 : 13;
    const drawn = [];
    let candidates = 0;
    for (const centroid of this.centroids) {
      if (this.shownLabel >= 0 && centroid.label !== this.shownLabel) continue;
      const [x, middle] = this.toScreen(centroid.point);
      const y = middle + (this.pictureSide ? this.pictureSide / 2 + fontSize : 0); // below it
      if (x < 0 || y < 0 || x > this.width || y > this.height) continue;
      candidates += 1;
      if (candidates > MAX_NAMES) break;
      centroid.nameImage ??= this.renderName(this.points.labels[centroid.label], fontSize);
      const half = centroid.nameImage.width / this.ratio / 2;
      const [left, top, right, bottom] = [x - half, y - fontSize - 3, x + half, y + 6];
      if (left < 0 || top < 0 || right > this.width || bottom > this.height) continue;
      if (
        drawn.some(
          (other) => left < other[2] && right > other[0] && top < other[3] && bottom > other[1],
        )
      )
        continue;
      drawn.push([left, top, right, bottom]);
      this.context.drawImage(
        centroid.nameImage,
        Math.round(left),
        Math.round(top),
        2 * half,
        centroid.nameImage.height / this.ratio,
      );
    }
  }

  /** A name with an outline, as an image of its own, because outlined text is slow to draw. */
  renderName(name, fontSize) {
    const image = document.createElement("canvas");
    const context = image.getContext("2d");
    const font = `650 ${fontSize}px system-ui, sans-serif`;
    context.font = font;
    image.width = Math.ceil((context.measureText(name).width + 8) * this.ratio);
    image.height = Math.ceil((fontSize + 9) * this.ratio);
    context.scale(this.ratio, this.ratio);
    Object.assign(context, {
      font,
      lineJoin: "round",
      lineWidth: 4,
      strokeStyle: this.surfaceColour,
      fillStyle: this.textColour,
    });
    context.strokeText(name, 4, fontSize + 3);
    context.fillText(name, 4, fontSize + 3);
    return image;
  }

  drawHoverRing() {
    if (this.hovered < 0) return;
    const [x, y] = this.toScreen(this.hovered);
    const { context } = this;
    for (const [colour, lineWidth] of [
      [this.surfaceColour, 5],
      [this.textColour, 2.5],
    ]) {
      context.strokeStyle = colour;
      context.lineWidth = lineWidth;
      context.beginPath();
      context.arc(x, y, this.pointSize / 2 + 5, 0, 7);
      context.stroke();
    }
  }

  /** Zoom by a factor, so that what is at x, y stays there. */
  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    const before = this.toMap(x, y);
    this.zoom = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, this.zoom * factor));
    const after = this.toMap(x, y);
    this.pan(before[0] - after[0], before[1] - after[1]);
  }

  /** Zoom into the hovered picture rather than into the space beside it. */
  zoomIntoHovered(factor) {
    const { hovered, points } = this;
    if (hovered >= 0) this.centre = [...points.position.subarray(2 * hovered, 2 * hovered + 2)];
    this.zoomBy(factor);
  }

  pan(x, y) {
    this.centre = [this.centre[0] + x, this.centre[1] + y].map((value) =>
      Math.min(1.05, Math.max(-0.05, value)),
    );
    this.drawSoon();
  }

  panPixels(x, y) {
    this.pan(x / this.scale(0), y / this.scale(1));
  }

  showAll() {
    this.zoom = 1;
    this.centre = [0.5, 0.5];
    this.hover(-1);
    this.drawSoon();
  }

  /** Show the points of one label, or of all with -1. */
  showLabel(label) {
    this.shownLabel = label;
    this.hover(-1);
    this.drawSoon();
  }

  /** The point nearest to a place on the screen, within `reach` pixels, or -1. */
  pointAt(x, y, reach) {
    if (!this.width) return -1; // not laid out yet
    return this.points.nearest(
      ...this.toMap(x, y),
      reach / this.scale(0),
      reach / this.scale(1),
      this.shownLabel,
    );
  }

  hover(point) {
    if (point === this.hovered) return;
    this.hovered = point;
    this.surface.toggleAttribute("data-hovering", point >= 0);
    this.onHover(point, ...(point >= 0 ? this.toScreen(point) : []));
    this.drawSoon();
  }

  /** Hover the point nearest to the middle, for the keyboard. */
  hoverMiddle() {
    this.hover(this.pointAt(this.width / 2, this.height / 2, Math.max(this.width, this.height)));
  }

  pick(point, x, y) {
    this.onPick(point, x, y, false);
  }

  pickHovered() {
    if (this.hovered >= 0) this.onPick(this.hovered, ...this.toScreen(this.hovered), true);
  }
}
