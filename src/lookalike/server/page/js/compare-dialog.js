// The dialog that compares the query with a hit: laid over each other, side by side, and in words.
import * as api from "./api.js";
import { openDialog } from "./dialog.js";
import { describePlaces, differenceFrames } from "./differences.js";
import { debounce, el, setStyle, svg } from "./dom.js";
import { dimensions, fileName } from "./format.js";
import { errorMessage } from "./notifications.js";
import { corners, inverse, overlay } from "./overlay.js";
import { actionButtons } from "./picture-actions.js";
import { otherPlaces } from "./picture-cards.js";

const MAX_POINTS = 40;
const NARROW_PX = 560; // below it, side by side becomes one above the other
const REDRAW_MS = 60;

export function openCompareDialog(query, hit) {
  const controller = new AbortController();
  const stage = el("div", { class: "compare-stage" }, el("p", { class: "muted" }, "Comparing…"));
  const summary = el("div", { class: "compare-summary", role: "status" });
  const bar = el("div", { class: "compare-bar" });
  const path = el(
    "div",
    { class: "muted small path" },
    el("bdi", {}, hit.path),
    otherPlaces(hit),
  );
  const title = `${query.name || "Your picture"} and ${fileName(hit.path)}`;
  const dialog = openDialog({ title, name: "compare" }, path, bar, stage, summary);
  const state = { query, hit, stage, layout: "side-by-side", drawn: "" };
  const observer = new ResizeObserver(debounce(REDRAW_MS, () => state.comparison && draw(state)));
  observer.observe(stage);
  dialog.addEventListener("close", () => {
    observer.disconnect();
    controller.abort();
  });
  api.compare(query.id, hit.id, controller.signal).then(
    (comparison) => {
      summary.replaceChildren(...comparison.sentences.map((sentence) => el("p", {}, sentence)));
      state.comparison = comparison;
      state.transform =
        comparison.match?.transform ?? (comparison.kind === "exact" ? scaling(comparison) : null);
      if (state.transform) {
        state.layout = "overlay";
        bar.append(layoutSwitch(state));
      }
      bar.append(el("div", { class: "card-actions" }, actionButtons(hit, { isCard: true })));
      draw(state);
    },
    (error) => {
      if (!api.isAbort(error)) stage.replaceChildren(errorMessage(error));
    },
  );
}

/** The transform between identical pictures, which may differ in size. */
const scaling = ({ query, target }) => [
  [target.width / query.width, 0, 0],
  [0, target.height / query.height, 0],
  [0, 0, 1],
];

function layoutSwitch(state) {
  const option = (value, text) => {
    const onchange = () => {
      state.layout = value;
      draw(state);
    };
    const input = el("input", {
      type: "radio",
      name: "layout",
      value,
      checked: state.layout === value,
      onchange,
    });
    return el("label", {}, input, el("span", {}, text));
  };
  return el(
    "div",
    { class: "segmented", role: "radiogroup", "aria-label": "Layout" },
    option("overlay", "Slider"),
    option("side-by-side", "Side by side"),
  );
}

function draw(state) {
  const { stage, comparison, transform, layout } = state;
  const padding = parseFloat(getComputedStyle(stage).paddingLeft) * 2;
  const room = { width: stage.clientWidth - padding, height: Math.min(innerHeight * 0.54, 560) };
  const drawn = `${layout} ${Math.round(room.width)} ${Math.round(room.height)}`;
  if (drawn === state.drawn) return; // drawing can resize the stage, which calls this again
  state.drawn = drawn;
  const { query, target } = comparison;
  const places = comparison.match?.differences.boxes ?? [];
  const boxes = { query: places.map((box) => box.query), target: places.map((box) => box.target) };
  const [queryUrl, targetUrl] = [state.query, state.hit].map(({ id }) => api.queryImageUrl(id));
  if (layout === "overlay") {
    const size = fit(target, room);
    const { box, slider } = overlay({
      query,
      target,
      transform,
      queryUrl,
      targetUrl,
      size,
      places: describePlaces(boxes.target, target),
    });
    box.append(...differenceFrames(boxes.target, size.width / target.width, size));
    stage.replaceChildren(
      box,
      el(
        "div",
        { class: "slider-row" },
        el("span", {}, "This one"),
        slider,
        el("span", {}, "Your picture"),
      ),
    );
    return;
  }
  const isNarrow = room.width < NARROW_PX;
  const half = isNarrow
    ? { width: room.width, height: room.height * 0.6 }
    : { width: (room.width - 16) / 2, height: room.height };
  // Each is [query x, query y, target x, target y].
  const points = (comparison.points ?? []).slice(0, MAX_POINTS);
  const outlineInQuery = transform && corners(inverse(transform), target);
  const outlineInTarget = transform && corners(transform, query);
  stage.replaceChildren(
    el(
      "div",
      { class: "side-by-side" },
      annotated(
        "Your picture",
        query,
        queryUrl,
        half,
        outlineInQuery,
        points.map(([x, y]) => [x, y]),
        boxes.query,
      ),
      annotated(
        "This one",
        target,
        targetUrl,
        half,
        outlineInTarget,
        points.map(([, , x, y]) => [x, y]),
        boxes.target,
      ),
    ),
  );
}

function fit({ width, height }, room) {
  const scale = Math.min(room.width / width, room.height / height);
  return { width: width * scale, height: height * scale };
}

/** A picture with the outline of the other one, matching points and differences drawn on it. */
function annotated(title, picture, url, room, outline, points, boxes) {
  const size = fit(picture, room);
  const places = describePlaces(boxes, picture);
  const frame = el(
    "span",
    { class: "picture-frame" },
    el("img", {
      src: url,
      alt: `${title}, ${dimensions(picture)}${places && `. ${places}`}`,
    }),
  );
  setStyle(frame, { width: `${size.width}px`, height: `${size.height}px` });
  const drawing = svg("svg", {
    viewBox: `0 0 ${picture.width} ${picture.height}`,
    "aria-hidden": "true",
  });
  if (outline) {
    const text = outline
      .map((corner) => corner.map((value) => value.toFixed(1)).join(","))
      .join(" ");
    drawing.append(
      svg("polygon", { class: "outline-halo", points: text }),
      svg("polygon", { points: text }),
    );
  }
  const radius = (3.5 * picture.width) / size.width;
  for (const [x, y] of points) drawing.append(svg("circle", { cx: x, cy: y, r: radius }));
  frame.append(drawing, ...differenceFrames(boxes, size.width / picture.width, size));
  const frames = boxes.length ? " Numbered frames show where they differ." : "";
  const legend = outline
    ? `. The dashed outline is the other picture; dots are matching features.${frames}`
    : "";
  return el(
    "figure",
    {},
    frame,
    el("figcaption", {}, el("b", {}, title), `, ${dimensions(picture)}${legend}`),
  );
}
