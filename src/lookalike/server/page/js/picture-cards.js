// How pictures are shown: tiles of a grid, cards that say what was done to a copy, the query.
import { queryThumbnailUrl, thumbnailUrl } from "./api.js";
import { describeDifferences } from "./differences.js";
import { el, setStyle } from "./dom.js";
import {
  describeChanges,
  describeMoreFiles,
  dimensions,
  fileName,
  folderName,
  formatScore,
  formatSize,
  KIND_LABELS,
  pathsOf,
} from "./format.js";
import { icon } from "./icons.js";
import { actionButtons, searchUrl } from "./picture-actions.js";

const MIN_RATIO = 0.6; // narrower and wider pictures are cropped
const MAX_RATIO = 2.4;
const MAX_TITLE_PATHS = 10;

const pictures = new WeakMap();

/** The picture that a tile or card shows. */
export const pictureOf = (node) => pictures.get(node);

export function kindBadge(kind) {
  const symbol = icon(kind === "exact" || kind === "copy" ? "check" : "search");
  return el("span", { class: "badge", "data-kind": kind }, symbol, KIND_LABELS[kind] ?? kind);
}

export function scoreBar(score) {
  const bar = el("i", { style: { width: `${Math.max(0, Math.min(1, score)) * 100}%` } });
  return el(
    "span",
    { class: "score", title: "Similarity, at most 1" },
    el("span", { class: "bar", "aria-hidden": "true" }, bar),
    el("span", { class: "visually-hidden" }, "similarity "),
    formatScore(score),
  );
}

export function thumbnail(picture, size, alt, { eager = false } = {}) {
  const url = (pixels) => thumbnailUrl(picture.id, pixels);
  const image = el("img", {
    alt,
    width: picture.width,
    height: picture.height,
    loading: eager ? "eager" : "lazy",
    decoding: "async",
    src: url(size),
    srcset: size < 640 ? `${url(size)}, ${url(Math.min(640, size * 2))} 2x` : null,
  });
  image.addEventListener("error", () => {
    image.alt = `${alt} (file not found)`;
  });
  return image;
}

/** A tile of a grid. */
export function pictureTile(picture, { onCompare, eager } = {}) {
  const shown = { path: picture.paths?.[0], ...picture };
  const { kind, score } = shown;
  const name = fileName(shown.path);
  const ratio = Math.max(MIN_RATIO, Math.min(MAX_RATIO, shown.width / shown.height || 1));
  const differences = describeDifferences(shown);
  const more = describeMoreFiles(shown);
  const changes =
    kind === "near"
      ? `${KIND_LABELS.near}: ${[describeChanges(shown), differences].filter(Boolean).join(", ")}, `
      : "";
  const similarity = score === undefined ? "" : `, similarity ${formatScore(score)}`;
  const link = el(
    "a",
    {
      class: "picture",
      href: searchUrl(shown.id),
      "aria-label": `${changes}${name}${similarity}. Search with it`,
      title: `${pathsOf(shown).slice(0, MAX_TITLE_PATHS).join("\n")}\n${dimensions(shown)}, ${formatSize(shown.bytes)}`,
    },
    thumbnail(shown, 320, "", { eager }),
  );
  const node = pictureItem(
    "tile",
    shown,
    link,
    el("div", { class: "tile-actions" }, actionButtons(shown, { onCompare })),
    el(
      "div",
      { class: "tile-text" },
      el("span", { class: "tile-name" }, [name, more].filter(Boolean).join(" ")),
      score === undefined ? null : scoreBar(score),
      differences && el("span", { class: "differences" }, differences),
    ),
  );
  setStyle(node, { "--ratio": ratio.toFixed(4) });
  return node;
}

/** A card with a copy, and what was done to it. */
export function copyCard(hit, { onCompare, isQuery }) {
  const name = fileName(hit.path);
  const changes = isQuery && hit.kind === "exact" ? "your picture" : describeChanges(hit);
  const differences = describeDifferences(hit);
  const said = [name, changes, differences].filter(Boolean).join(", ");
  const label = `${KIND_LABELS[hit.kind]}: ${said}. Search with it`;
  return pictureItem(
    "copy-card",
    hit,
    el(
      "a",
      { class: "picture", href: searchUrl(hit.id), "aria-label": label },
      thumbnail(hit, 320, "", { eager: true }),
    ),
    el(
      "div",
      { class: "card-text" },
      el("div", { class: "card-kind" }, kindBadge(hit.kind), scoreBar(hit.score)),
      el("p", { class: "changes" }, changes),
      differences && el("p", { class: "differences" }, differences),
      el(
        "p",
        { class: "location", title: hit.path },
        el("bdi", {}, name),
        el("br"),
        el("bdi", {}, folderName(hit.path)),
      ),
      otherPlaces(hit),
      el("p", { class: "small muted tabular" }, `${dimensions(hit)}, ${formatSize(hit.bytes)}`),
      el("div", { class: "card-actions" }, actionButtons(hit, { onCompare, isCard: true })),
    ),
  );
}

/** The other files of a picture, to open; null if there are none. */
export function otherPlaces(picture) {
  const [, ...others] = pathsOf(picture);
  if (!others.length) return null;
  const items = others.map((path) => el("li", {}, el("bdi", {}, path)));
  return el(
    "details",
    { class: "places" },
    el("summary", {}, describeMoreFiles(picture)),
    el("ul", {}, items),
  );
}

/** A list item that belongs to a picture; keyboard navigation makes one of them a tab stop. */
function pictureItem(className, picture, ...content) {
  const node = el("li", { class: className }, content);
  for (const control of node.querySelectorAll(".picture, button")) control.tabIndex = -1;
  pictures.set(node, picture);
  return node;
}

export function queryImage(query, preview) {
  const image = el("img", {
    alt: `Your picture: ${query.name || "unnamed"}`,
    width: query.width,
    height: query.height,
    draggable: "false",
    src: preview ?? queryThumbnailUrl(query.id, 640),
  });
  if (preview) {
    // The browser may not support the file's format, but the server's thumbnail always works.
    const useThumbnail = () => {
      image.src = queryThumbnailUrl(query.id, 640);
    };
    image.addEventListener("error", useThumbnail, { once: true });
  }
  return image;
}
