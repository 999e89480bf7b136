// Two pictures compared: laid over each other, or side by side, and in words.
import { actionButtons } from "./actions.js";
import * as api from "./api.js";
import { openDialog } from "./dialogs.js";
import { debounced, el, setStyle, svg } from "./dom.js";
import { messageOf } from "./notices.js";
import { corners, inverse, overlay } from "./overlay.js";
import { fileName, measures } from "./words.js";

const MOST_POINTS = 40;

export function openCompare(query, hit) {
  const controller = new AbortController();
  const show = el("div", { class: "compare-show" }, el("p", { class: "faint" }, "Comparing …"));
  const words = el("div", { class: "compare-words", role: "status" });
  const bar = el("div", { class: "compare-bar" });
  const about = el("p", { class: "faint small path" }, el("bdi", {}, hit.path));
  const dialog = openDialog({ title: `${query.name || "Your picture"} and ${fileName(hit.path)}`, name: "compare" }, about, bar, show, words);
  const state = { ...{ query, hit, show, dialog }, laid: "over" };
  const again = debounced(60, () => state.draw?.());
  const watch = new ResizeObserver(again);
  watch.observe(show);
  dialog.addEventListener("close", () => {
    watch.disconnect();
    controller.abort();
  });
  api.compare(query.id, hit.id, controller.signal).then(
    (found) => {
      words.replaceChildren(...found.sentences.map((sentence) => el("p", {}, sentence)));
      // Where nothing moved, a picture of the same pixels lies on itself.
      state.found = found;
      state.transform = found.match?.transform ?? (found.kind === "exact" ? straight(found) : null);
      state.laid = state.transform ? "over" : "beside";
      if (state.transform) bar.append(layouts(state));
      bar.append(el("div", { class: "copy-actions" }, actionButtons(hit, { card: true })));
      state.draw = () => draw(state);
      state.draw();
    },
    (error) => {
      if (!api.wasAborted(error)) show.replaceChildren(messageOf(error));
    },
  );
}

const straight = ({ query, target }) => [[target.width / query.width, 0, 0], [0, target.height / query.height, 0], [0, 0, 1]];

function layouts(state) {
  const choice = (value, text) =>
    el(
      "label",
      {},
      el("input", { type: "radio", name: "layout", value, checked: state.laid === value, onchange: () => {
        state.laid = value;
        state.drawn = "";
        state.draw();
      } }),
      el("span", {}, text),
    );
  return el("div", { class: "switch", role: "radiogroup", "aria-label": "How to compare" }, choice("over", "Slider"), choice("beside", "Side by side"));
}

function draw(state) {
  const { show, found } = state;
  const style = getComputedStyle(show);
  const room = { width: show.clientWidth - parseFloat(style.paddingLeft) * 2, height: Math.min(innerHeight * 0.54, 560) };
  const drawn = `${state.laid} ${Math.round(room.width)} ${Math.round(room.height)}`;
  if (drawn === state.drawn) return; // what is drawn may change the room's height, and be told again
  state.drawn = drawn;
  const urls = { queryUrl: api.queryImageUrl(state.query.id), targetUrl: api.queryImageUrl(state.hit.id) };
  if (state.laid === "over") {
    const size = fitted(found.target, room);
    const { box, slider } = overlay({ ...found, transform: state.transform, ...urls, size });
    show.replaceChildren(box, el("div", { class: "slide" }, el("span", {}, "Found"), slider, el("span", {}, "Asked with")));
    return;
  }
  const narrow = room.width < 560;
  const half = { width: narrow ? room.width : (room.width - 16) / 2, height: narrow ? room.height * 0.6 : room.height };
  const back = state.transform && inverse(state.transform);
  const points = (found.points ?? []).slice(0, MOST_POINTS);
  show.replaceChildren(
    el(
      "div",
      { class: "beside" },
      framed("Asked with", found.query, urls.queryUrl, half, back && corners(back, found.target), points.map(([x, y]) => [x, y])),
      framed("Found", found.target, urls.targetUrl, half, state.transform && corners(state.transform, found.query), points.map(([, , x, y]) => [x, y])),
    ),
  );
}

function fitted({ width, height }, room) {
  const scale = Math.min(room.width / width, room.height / height);
  return { width: width * scale, height: height * scale };
}

function framed(title, picture, url, room, outline, points) {
  const size = fitted(picture, room);
  const box = el("span", { class: "framed" }, el("img", { src: url, alt: `${title}, ${measures(picture)}` }));
  setStyle(box, { width: `${size.width}px`, height: `${size.height}px` });
  const drawing = svg("svg", { viewBox: `0 0 ${picture.width} ${picture.height}`, "aria-hidden": "true" });
  if (outline) {
    const at = outline.map((corner) => corner.map((value) => value.toFixed(1)).join(",")).join(" ");
    drawing.append(svg("polygon", { class: "under", points: at }), svg("polygon", { points: at }));
  }
  const radius = (3.5 * picture.width) / size.width;
  for (const [x, y] of points) drawing.append(svg("circle", { cx: x, cy: y, r: radius }));
  box.append(drawing);
  const shown = outline ? "; the dashed frame is where the other lies in it, dots are features that agree" : "";
  return el("figure", {}, box, el("figcaption", {}, el("b", {}, title), `, ${measures(picture)}${shown}`));
}
