// A box on the query: search by that part only. Drawn and moved with mouse or touch, or by arrow keys.
import { debounced, el, setStyle } from "./dom.js";
import { say } from "./notices.js";
import { percent } from "./words.js";

const SETTLED_MS = 280;
const LEAST = 0.04; // of a side
const STEP = 0.02;
const DRAWN_PX = 8; // a shorter drag is a click
const CORNERS = ["n w", "n", "n e", "e", "s e", "s", "s w", "w"];

const within = (value, low, high) => Math.min(high, Math.max(low, value));

export const regionText = (box) => [box.x, box.y, box.w, box.h].map((value) => value.toFixed(4)).join(",");

/** A box from the address; null where there is none, or no sense in it. */
export function regionFrom(text) {
  const [x, y, w, h] = (text ?? "").split(",").map(Number);
  const fits = [x, y, w, h].every(Number.isFinite) && w > 0 && h > 0 && x >= 0 && y >= 0 && x + w <= 1.001 && y + h <= 1.001;
  return fits ? { x, y, w, h } : null;
}

/** `stage` holds the picture and nothing else; `settled` gets the box, or null, once it rests. */
export class Region {
  constructor(stage, settled) {
    this.stage = stage;
    this.box = null;
    this.soon = debounced(SETTLED_MS, () => settled(this.box));
    this.node = el(
      "div",
      { class: "region", tabindex: "0", role: "group", "aria-roledescription": "box", "aria-describedby": "region-help", hidden: true },
      CORNERS.map((at) => el("i", { "data-at": at, "aria-hidden": "true" })),
    );
    stage.append(this.node);
    stage.addEventListener("pointerdown", (event) => this.begin(event));
    this.node.addEventListener("keydown", (event) => this.key(event));
  }

  /** Show a box, or none, without telling anyone. */
  put(box) {
    this.box = box;
    this.node.hidden = !box;
    if (!box) return;
    setStyle(this.node, { left: `${box.x * 100}%`, top: `${box.y * 100}%`, width: `${box.w * 100}%`, height: `${box.h * 100}%` });
    this.node.setAttribute(
      "aria-label",
      `Part searched for: ${percent(box.w)} wide and ${percent(box.h)} high, ${percent(box.x)} from the left, ${percent(box.y)} from the top`,
    );
  }

  change(box) {
    this.put(box);
    this.soon();
  }

  /** A box in the middle, for those who do not draw. */
  offer() {
    if (!this.box) this.change({ x: 0.25, y: 0.25, w: 0.5, h: 0.5 });
    this.node.focus();
  }

  clear() {
    if (!this.box) return;
    this.change(null);
    say("The whole picture is searched for.");
  }

  begin(event) {
    if (event.button || !event.isPrimary) return;
    const inside = this.node.contains(event.target);
    // A finger scrolls the page unless drawing was asked for.
    if (event.pointerType === "touch" && !inside && this.stage.dataset.drawing === undefined) return;
    event.preventDefault();
    const bounds = this.stage.getBoundingClientRect();
    const at = (moved) => ({ x: within((moved.clientX - bounds.left) / bounds.width, 0, 1), y: within((moved.clientY - bounds.top) / bounds.height, 0, 1) });
    const start = at(event);
    const before = this.box;
    const handle = event.target.dataset?.at;
    this.stage.setPointerCapture(event.pointerId);
    const move = (moved) => {
      const now = at(moved);
      if (inside && !handle) {
        this.change({ ...before, x: within(before.x + now.x - start.x, 0, 1 - before.w), y: within(before.y + now.y - start.y, 0, 1 - before.h) });
      } else if (handle) this.change(stretched(before, handle, now));
      else if (Math.hypot(moved.clientX - event.clientX, moved.clientY - event.clientY) >= DRAWN_PX) this.change(spanned(start, now));
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

  key(event) {
    if (event.key === "Escape" || event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      event.stopPropagation();
      this.stage.dispatchEvent(new Event("cleared"));
      return;
    }
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const [right, down] = way.map((step) => step * STEP);
    const { x, y, w, h } = this.box;
    if (event.shiftKey) this.change({ x, y, w: within(w + right, LEAST, 1 - x), h: within(h + down, LEAST, 1 - y) });
    else this.change({ x: within(x + right, 0, 1 - w), y: within(y + down, 0, 1 - h), w, h });
  }
}

function spanned(from, to) {
  const x = Math.min(from.x, to.x, 1 - LEAST);
  const y = Math.min(from.y, to.y, 1 - LEAST);
  return { x, y, w: Math.max(LEAST, Math.abs(to.x - from.x)), h: Math.max(LEAST, Math.abs(to.y - from.y)) };
}

function stretched(box, handle, to) {
  let [left, top, right, bottom] = [box.x, box.y, box.x + box.w, box.y + box.h];
  if (handle.includes("w")) left = Math.min(to.x, right - LEAST);
  if (handle.includes("e")) right = Math.max(to.x, left + LEAST);
  if (handle.includes("n")) top = Math.min(to.y, bottom - LEAST);
  if (handle.includes("s")) bottom = Math.max(to.y, top + LEAST);
  return { x: left, y: top, w: right - left, h: bottom - top };
}
