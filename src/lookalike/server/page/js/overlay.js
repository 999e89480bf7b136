// The query laid over the picture it was found in: warped by the transform that the server proved.
import { el, setStyle } from "./dom.js";

const MOST_PX = 1600; // of the query's layer; a larger one only costs memory

/**
 * A CSS matrix3d that draws the query, laid out `width` pixels wide, where it lies in the target
 * drawn at `scale`. CSS wants columns, and x, y, w where a homography has its rows.
 */
export function cssMatrix(transform, queryWidth, width, scale) {
  const shrink = queryWidth / width;
  const [[a, b, c], [d, e, f], [g, h, i]] = transform;
  const columns = [
    [a * scale * shrink, d * scale * shrink, 0, g * shrink],
    [b * scale * shrink, e * scale * shrink, 0, h * shrink],
    [0, 0, 1, 0],
    [c * scale, f * scale, 0, i],
  ];
  return `matrix3d(${columns.flat().join(",")})`;
}

/** Where a point goes. */
export function moved(transform, x, y) {
  const [[a, b, c], [d, e, f], [g, h, i]] = transform;
  const w = g * x + h * y + i;
  return [(a * x + b * y + c) / w, (d * x + e * y + f) / w];
}

export function inverse([[a, b, c], [d, e, f], [g, h, i]]) {
  const [A, B, C] = [e * i - f * h, f * g - d * i, d * h - e * g];
  const all = a * A + b * B + c * C;
  return [
    [A / all, (c * h - b * i) / all, (b * f - c * e) / all],
    [B / all, (a * i - c * g) / all, (c * d - a * f) / all],
    [C / all, (b * g - a * h) / all, (a * e - b * d) / all],
  ];
}

/** Four corners of a picture, seen in the other. */
export function corners(transform, { width, height }) {
  return [[0, 0], [width, 0], [width, height], [0, height]].map(([x, y]) => moved(transform, x, y));
}

/** The target with the query over it up to a knife, which pointer and slider move. */
export function overlay({ query, target, transform, queryUrl, targetUrl, size }) {
  const scale = size.width / target.width;
  const width = Math.min(query.width, MOST_PX);
  const height = (width * query.height) / query.width;
  const warped = el("img", { src: queryUrl, alt: "" });
  setStyle(warped, { width: `${width}px`, height: `${height}px`, transform: cssMatrix(transform, query.width, width, scale) });
  const layer = el("div", { class: "warped" }, warped);
  const knife = el("div", { class: "knife" });
  const box = el(
    "div",
    { class: "over", style: { width: `${size.width}px`, height: `${size.height}px` } },
    el("img", { src: targetUrl, alt: "The found picture, with the one asked with laid over it" }),
    layer,
    knife,
    el("span", { class: "over-side asked-with" }, "Asked with"),
    el("span", { class: "over-side found" }, "Found"),
  );
  const slider = el("input", { type: "range", min: "0", max: "100", value: "50", "aria-label": "How much of the picture asked with is laid over the found one" });
  const put = () => {
    const share = Number(slider.value);
    setStyle(layer, { "clip-path": `inset(0 ${100 - share}% 0 0)` });
    setStyle(knife, { left: `${share}%` });
    slider.setAttribute("aria-valuetext", `${share}%`);
  };
  slider.addEventListener("input", put);
  const follow = (event) => {
    const bounds = box.getBoundingClientRect();
    slider.value = ((event.clientX - bounds.left) / bounds.width) * 100;
    put();
  };
  box.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    box.setPointerCapture(event.pointerId);
    follow(event);
  });
  box.addEventListener("pointermove", (event) => box.hasPointerCapture(event.pointerId) && follow(event));
  put();
  return { box, slider };
}
