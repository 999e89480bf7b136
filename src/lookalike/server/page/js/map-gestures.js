// Moves a map canvas with the mouse, fingers, the wheel and the keyboard.

const REACH_PX = 16; // how far a pointer may be from a point to hover it
const TOUCH_REACH = 1.6; // a finger is less precise
const TAP_PX = 6; // a longer movement is a drag
const WHEEL_ZOOM = 0.0018; // per pixel
const WHEEL_LINE_ZOOM = 0.05; // per line
const KEY_PAN = 0.12; // of the visible part
const KEY_ZOOM = 1.5;

export function listenForGestures(map) {
  const { surface } = map;
  const pointers = new Map(); // those that are down, with their positions
  let travelled = 0;
  const positionOf = (event) => {
    const bounds = surface.getBoundingClientRect();
    return [event.clientX - bounds.left, event.clientY - bounds.top];
  };
  const reachOf = (event) =>
    (event.pointerType === "touch" ? REACH_PX * TOUCH_REACH : REACH_PX) +
    (map.showsPictures ? 30 : 0);

  surface.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    surface.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, positionOf(event));
    travelled = pointers.size > 1 ? Infinity : 0;
  });
  surface.addEventListener("pointermove", (event) => {
    const now = positionOf(event);
    const before = pointers.get(event.pointerId);
    if (!before) {
      map.hover(map.pointAt(...now, reachOf(event)));
      return;
    }
    const [other] = [...pointers]
      .filter(([id]) => id !== event.pointerId)
      .map(([, position]) => position);
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    travelled += Math.hypot(dx, dy);
    pointers.set(event.pointerId, now);
    if (travelled > TAP_PX) {
      surface.toggleAttribute("data-dragging", true);
      map.hover(-1);
    }
    const share = other ? 0.5 : 1; // each of two fingers moves the map half of its way
    map.panPixels(-share * dx, -share * dy);
    if (other) {
      const [x, y] = other;
      const factor =
        Math.hypot(now[0] - x, now[1] - y) / Math.max(1, Math.hypot(before[0] - x, before[1] - y));
      map.zoomBy(factor, (now[0] + x) / 2, (now[1] + y) / 2);
    }
  });
  const release = (event) => {
    const wasDown = pointers.delete(event.pointerId);
    if (!pointers.size) surface.removeAttribute("data-dragging");
    if (!wasDown || travelled > TAP_PX || event.type !== "pointerup") return;
    const point = map.pointAt(...positionOf(event), reachOf(event));
    map.hover(point);
    map.pick(point, ...positionOf(event));
  };
  surface.addEventListener("pointerup", release);
  surface.addEventListener("pointercancel", release);
  surface.addEventListener("pointerleave", () => pointers.size || map.hover(-1));
  surface.addEventListener("dblclick", (event) => map.zoomBy(2, ...positionOf(event)));
  surface.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      map.hover(-1);
      const speed = event.deltaMode ? WHEEL_LINE_ZOOM : WHEEL_ZOOM;
      map.zoomBy(Math.exp(-event.deltaY * speed), ...positionOf(event));
    },
    { passive: false },
  );
  surface.addEventListener("keydown", (event) => onKeyDown(map, event));
}

function onKeyDown(map, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const [x, y] = [KEY_PAN * map.width, KEY_PAN * map.height];
  const move = {
    ArrowLeft: () => map.panPixels(-x, 0),
    ArrowRight: () => map.panPixels(x, 0),
    ArrowUp: () => map.panPixels(0, -y),
    ArrowDown: () => map.panPixels(0, y),
    "+": () => map.zoomIntoHovered(KEY_ZOOM),
    "=": () => map.zoomIntoHovered(KEY_ZOOM),
    "-": () => map.zoomBy(1 / KEY_ZOOM),
    0: () => map.showAll(),
  }[event.key];
  const action = { Enter: () => map.pickHovered(), Escape: () => map.pick(-1) }[event.key];
  if (!move && !action) return;
  event.preventDefault();
  action?.();
  if (move) {
    move();
    map.hoverMiddle();
  }
}
