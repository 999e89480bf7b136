// Selects an area of the query to search for, with a mouse, a finger or the arrow keys.
import { debounce, el, setStyle } from "./dom.js";
import { formatPercent } from "./format.js";
import { announce } from "./notifications.js";

const SETTLED_MS = 280;
const MIN_SIDE = 0.04; // as a share of the picture, like all lengths here
const STEP = 0.02;
const MIN_DRAG_PX = 8; // a shorter drag is a click
const HANDLES = ["n w", "n", "n e", "e", "s e", "s", "s w", "w"];

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export const formatRegion = (box) =>
  [box.x, box.y, box.w, box.h].map((value) => value.toFixed(4)).join(",");

/** A box from the URL; null where there is none, or an invalid one. */
export function parseRegion(text) {
  const [x, y, w, h] = (text ?? "").split(",").map(Number);
  const isValid =
    [x, y, w, h].every(Number.isFinite) &&
    w > 0 &&
    h > 0 &&
    x >= 0 &&
    y >= 0 &&
    x + w <= 1.001 &&
    y + h <= 1.001;
  return isValid ? { x, y, w, h } : null;
}

export class RegionSelector {
  /** `stage` holds only the picture; `onChange` gets the box, or null, once it rests. */
  constructor(stage, onChange) {
    this.stage = stage;
    this.box = null;
    this.reportSoon = debounce(SETTLED_MS, () => onChange(this.box));
    this.node = el(
      "div",
      {
        class: "region",
        tabindex: "0",
        role: "group",
        "aria-roledescription": "selected area",
        "aria-describedby": "region-help",
        hidden: true,
      },
      HANDLES.map((handle) => el("i", { "data-handle": handle, "aria-hidden": "true" })),
    );
    stage.append(this.node);
    stage.addEventListener("pointerdown", (event) => this.startDrag(event));
    this.node.addEventListener("keydown", (event) => this.onKeyDown(event));
  }

  /** Show a box, or none, without reporting it. */
  setBox(box) {
    this.box = box;
    this.node.hidden = !box;
    if (!box) return;
    setStyle(this.node, {
      left: `${box.x * 100}%`,
      top: `${box.y * 100}%`,
      width: `${box.w * 100}%`,
      height: `${box.h * 100}%`,
    });
    const [x, y, w, h] = [box.x, box.y, box.w, box.h].map(formatPercent);
    const label = `Selected area: ${w} wide and ${h} high, ${x} from the left, ${y} from the top`;
    this.node.setAttribute("aria-label", label);
  }

  change(box) {
    this.setBox(box);
    this.reportSoon();
  }

  /** Select the middle, for people who do not draw a box. */
  selectMiddle() {
    if (!this.box) this.change({ x: 0.25, y: 0.25, w: 0.5, h: 0.5 });
    this.node.focus();
  }

  clear() {
    if (!this.box) return;
    this.change(null);
    announce("Searching for the whole picture.");
  }

  startDrag(event) {
    if (event.button || !event.isPrimary) return;
    const isInside = this.node.contains(event.target);
    // A finger scrolls the page, unless the button has started a selection.
    if (event.pointerType === "touch" && !isInside && this.stage.dataset.drawing === undefined)
      return;
    event.preventDefault();
    const bounds = this.stage.getBoundingClientRect();
    const pointOf = (moved) => ({
      x: clamp((moved.clientX - bounds.left) / bounds.width, 0, 1),
      y: clamp((moved.clientY - bounds.top) / bounds.height, 0, 1),
    });
    const start = pointOf(event);
    const before = this.box;
    const handle = event.target.dataset?.handle;
    this.stage.setPointerCapture(event.pointerId);
    const move = (moved) => {
      const now = pointOf(moved);
      if (isInside && !handle) {
        this.change({
          ...before,
          x: clamp(before.x + now.x - start.x, 0, 1 - before.w),
          y: clamp(before.y + now.y - start.y, 0, 1 - before.h),
        });
      } else if (handle) this.change(resized(before, handle, now));
      else if (
        Math.hypot(moved.clientX - event.clientX, moved.clientY - event.clientY) >= MIN_DRAG_PX
      )
        this.change(boxBetween(start, now));
    };
    const end = () => {
      this.stage.removeEventListener("pointermove", move);
      this.stage.removeEventListener("pointerup", end);
      this.stage.removeEventListener("pointercancel", end);
      delete this.stage.dataset.drawing;
      if (this.box) this.node.focus({ preventScroll: true });
    };
    this.stage.addEventListener("pointermove", move);
    this.stage.addEventListener("pointerup", end);
    this.stage.addEventListener("pointercancel", end);
  }

  onKeyDown(event) {
    if (event.key === "Escape" || event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      event.stopPropagation();
      this.stage.dispatchEvent(new Event("cleared"));
      return;
    }
    const direction = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    }[event.key];
    if (!direction || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const [right, down] = direction.map((step) => step * STEP);
    const { x, y, w, h } = this.box;
    if (event.shiftKey)
      this.change({
        x,
        y,
        w: clamp(w + right, MIN_SIDE, 1 - x),
        h: clamp(h + down, MIN_SIDE, 1 - y),
      });
    else this.change({ x: clamp(x + right, 0, 1 - w), y: clamp(y + down, 0, 1 - h), w, h });
  }
}

function boxBetween(from, to) {
  const x = Math.min(from.x, to.x, 1 - MIN_SIDE);
  const y = Math.min(from.y, to.y, 1 - MIN_SIDE);
  return {
    x,
    y,
    w: Math.max(MIN_SIDE, Math.abs(to.x - from.x)),
    h: Math.max(MIN_SIDE, Math.abs(to.y - from.y)),
  };
}

function resized(box, handle, to) {
  let [left, top, right, bottom] = [box.x, box.y, box.x + box.w, box.y + box.h];
  if (handle.includes("w")) left = Math.min(to.x, right - MIN_SIDE);
  if (handle.includes("e")) right = Math.max(to.x, left + MIN_SIDE);
  if (handle.includes("n")) top = Math.min(to.y, bottom - MIN_SIDE);
  if (handle.includes("s")) bottom = Math.max(to.y, top + MIN_SIDE);
  return { x: left, y: top, w: right - left, h: bottom - top };
}
