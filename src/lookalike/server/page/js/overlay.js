// The query laid over the picture that it matches, warped by the transform that the server found.
import { el, setStyle } from "./dom.js";

const MAX_LAYER_PX = 1600; // width of the query's layer; a larger one only costs memory

/**
 * The CSS matrix3d that warps the query, laid out `width` pixels wide, onto the target drawn at
 * `scale`. CSS lists columns, with z between the y and w of the homography's rows.
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

/** Map a point by a homography. */
export function transformPoint(transform, x, y) {
  const [[a, b, c], [d, e, f], [g, h, i]] = transform;
  const w = g * x + h * y + i;
  return [(a * x + b * y + c) / w, (d * x + e * y + f) / w];
}

export function inverse([[a, b, c], [d, e, f], [g, h, i]]) {
  const [A, B, C] = [e * i - f * h, f * g - d * i, d * h - e * g];
  const determinant = a * A + b * B + c * C;
  return [
    [A / determinant, (c * h - b * i) / determinant, (b * f - c * e) / determinant],
    [B / determinant, (a * i - c * g) / determinant, (c * d - a * f) / determinant],
    [C / determinant, (b * g - a * h) / determinant, (a * e - b * d) / determinant],
  ];
}

/** The four corners of a picture, mapped onto the other one. */
export function corners(transform, { width, height }) {
  return [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ].map(([x, y]) => transformPoint(transform, x, y));
}

/**
 * The target with the query over it, up to a divider that the pointer and the slider move.
 *
 * `places` says in words where they differ; it may be empty.
 */
export function overlay({ query, target, transform, queryUrl, targetUrl, size, places }) {
  const scale = size.width / target.width;
  const width = Math.min(query.width, MAX_LAYER_PX);
  const height = (width * query.height) / query.width;
  const warped = el("img", { src: queryUrl, alt: "" });
  setStyle(warped, {
    width: `${width}px`,
    height: `${height}px`,
    transform: cssMatrix(transform, query.width, width, scale),
  });
  const layer = el("div", { class: "warped" }, warped);
  const divider = el("div", { class: "divider" });
  const box = el(
    "div",
    { class: "overlay", style: { width: `${size.width}px`, height: `${size.height}px` } },
    el("img", { src: targetUrl, alt: `Your picture laid over this one${places && `. ${places}`}` }),
    layer,
    divider,
    el("span", { class: "overlay-label query-label" }, "Your picture"),
    el("span", { class: "overlay-label target-label" }, "This one"),
  );
  const slider = el("input", {
    type: "range",
    min: "0",
    max: "100",
    value: "50",
    "aria-label": "How much of your picture covers this one",
  });
  const update = () => {
    const share = Number(slider.value);
    setStyle(layer, { "clip-path": `inset(0 ${100 - share}% 0 0)` });
    setStyle(divider, { left: `${share}%` });
    slider.setAttribute("aria-valuetext", `${share}%`);
  };
  slider.addEventListener("input", update);
  const moveTo = (event) => {
    const bounds = box.getBoundingClientRect();
    slider.value = ((event.clientX - bounds.left) / bounds.width) * 100;
    update();
  };
  box.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    box.setPointerCapture(event.pointerId);
    moveTo(event);
  });
  box.addEventListener(
    "pointermove",
    (event) => box.hasPointerCapture(event.pointerId) && moveTo(event),
  );
  update();
  return { box, slider };
}
