// The places where two pictures differ: numbered frames over a picture, and the same in words.
import { el, setStyle } from "./dom.js";
import { countOf, formatPercent } from "./format.js";

const PADDING_PX = 4; // keeps the frame off what it shows
const MIN_SIDE_PX = 20;
const LABEL_PX = 22;
const MIN_SHARE = 0.01;

/** "3%" of what both pictures show, or "less than 1%". */
export const formatShare = (share) =>
  share < MIN_SHARE ? "less than 1%" : formatPercent(share);

/** How a hit differs from the query, in a few words; empty where nothing is known to differ. */
export function describeDifferences({ kind, match }) {
  const { share = 0, boxes = [] } = match?.differences ?? {};
  if (kind === "copy" && boxes.length)
    return `differs in ${countOf(boxes.length, "place")} (${formatShare(share)})`;
  return kind === "near" && share ? `${formatShare(share)} differs` : "";
}

/**
 * Frames over a picture that is drawn `scale` times as large as it is.
 *
 * Each box is [x, y, width, height], in pixels of the picture.
 */
export function differenceFrames(boxes, scale, size) {
  return boxes.map(([x, y, width, height], index) => {
    const [left, right] = span(x * scale, width * scale, size.width);
    const [top, bottom] = span(y * scale, height * scale, size.height);
    const frame = el(
      "span",
      { class: "difference", "aria-hidden": "true" },
      el("b", { class: top < LABEL_PX ? "below" : "" }, String(index + 1)),
    );
    setStyle(frame, {
      left: `${left}px`,
      top: `${top}px`,
      width: `${right - left}px`,
      height: `${bottom - top}px`,
    });
    return frame;
  });
}

/** Where a frame starts and ends in one direction: larger than its box, and inside the picture. */
function span(start, length, limit) {
  const padding = Math.max(PADDING_PX, (MIN_SIDE_PX - length) / 2);
  return [Math.max(0, start - padding), Math.min(limit, start + length + padding)];
}

/** For screen readers: "2 places differ: 1 at the top left, 2 in the middle". */
export function describePlaces(boxes, { width, height }) {
  if (!boxes.length) return "";
  const place = ([x, y, w, h], index) =>
    `${index + 1} ${nameOfPlace((x + w / 2) / width, (y + h / 2) / height)}`;
  const verb = boxes.length === 1 ? "differs" : "differ";
  return `${countOf(boxes.length, "place")} ${verb}: ${boxes.map(place).join(", ")}`;
}

function nameOfPlace(x, y) {
  const third = (value, names) => names[Math.min(2, Math.max(0, Math.floor(value * 3)))];
  const words = [third(y, ["top", "", "bottom"]), third(x, ["left", "", "right"])];
  const name = words.filter(Boolean).join(" ");
  return name ? `at the ${name}` : "in the middle";
}
