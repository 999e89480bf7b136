// A found picture: as a card that says what was done to it, or as a tile in a row.
import { actionButtons, askUrl } from "./actions.js";
import { queryThumbnailUrl, thumbnailUrl } from "./api.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { doneTo, fileName, folderOf, KINDS, measures, score as scoreText, size } from "./words.js";

const NARROWEST = 0.6; // what is narrower, or wider, is cut at its edges
const WIDEST = 2.4;

const pictures = new WeakMap();

/** Whose picture a tile or card shows. */
export const pictureOf = (node) => pictures.get(node);

export function badge(kind) {
  return el("span", { class: "badge", "data-kind": kind }, icon(kind === "exact" || kind === "copy" ? "check" : "search"), KINDS[kind] ?? kind);
}

export function scoreBar(value) {
  const bar = el("i", { style: { width: `${Math.max(0, Math.min(1, value)) * 100}%` } });
  return el(
    "span",
    { class: "score", title: "How alike, 1 at most" },
    el("span", { class: "bar", "aria-hidden": "true" }, bar),
    el("span", { class: "unseen" }, "score "),
    scoreText(value),
  );
}

export function thumbnail(picture, size, alt, { eager = false } = {}) {
  const image = el("img", {
    alt,
    width: picture.width,
    height: picture.height,
    loading: eager ? "eager" : "lazy",
    decoding: "async",
    src: thumbnailUrl(picture.id, size),
    srcset: size < 640 ? `${thumbnailUrl(picture.id, size)}, ${thumbnailUrl(picture.id, Math.min(640, size * 2))} 2x` : null,
  });
  image.addEventListener("error", () => {
    image.alt = `${alt} (the file is gone)`;
  });
  return image;
}

/** A picture in rows of its like. */
export function tile(picture, { compare, eager } = {}) {
  const name = fileName(picture.path ?? picture.paths[0]);
  const shown = { path: picture.paths?.[0], ...picture };
  const near = shown.kind === "near" ? `Near: ${doneTo(shown)}, ` : "";
  const said = shown.score === undefined ? "" : `, score ${scoreText(shown.score)}`;
  const ratio = Math.max(NARROWEST, Math.min(WIDEST, shown.width / shown.height || 1));
  const node = el(
    "li",
    { class: "tile", style: { "--ratio": ratio.toFixed(4) } },
    el(
      "a",
      { class: "picture", href: askUrl(shown.id), tabindex: "-1", "aria-label": `${near}${name}${said}. Ask with it`, title: `${shown.path}\n${measures(shown)}, ${size(shown.bytes)}` },
      thumbnail(shown, 320, "", { eager }),
    ),
    el("div", { class: "tile-actions" }, actionButtons(shown, { compare })),
    el("div", { class: "tile-text" }, el("span", { class: "tile-name" }, name), shown.score === undefined ? null : scoreBar(shown.score)),
  );
  pictures.set(node, shown);
  return node;
}

/** A copy: with what was done to it. */
export function copyCard(hit, { compare, isQuery }) {
  const name = fileName(hit.path);
  const words = isQuery && hit.kind === "exact" ? "this picture" : doneTo(hit);
  const node = el(
    "li",
    { class: "copy" },
    el("a", { class: "picture", href: askUrl(hit.id), tabindex: "-1", "aria-label": `${KINDS[hit.kind]}: ${name}, ${words}. Ask with it` }, thumbnail(hit, 320, "", { eager: true })),
    el(
      "div",
      { class: "copy-text" },
      el("div", { class: "copy-kind" }, badge(hit.kind), scoreBar(hit.score)),
      el("p", { class: "done-to" }, words),
      el("p", { class: "where", title: hit.path }, el("bdi", {}, name), el("br"), el("bdi", {}, folderOf(hit.path))),
      el("p", { class: "small faint number" }, `${measures(hit)}, ${size(hit.bytes)}`),
      el("div", { class: "copy-actions" }, actionButtons(hit, { compare, card: true })),
    ),
  );
  pictures.set(node, hit);
  return node;
}

export function queryPicture(query, preview) {
  const image = el("img", { alt: `The picture asked with: ${query.name || "no name"}`, width: query.width, height: query.height, draggable: "false", src: preview ?? queryThumbnailUrl(query.id, 640) });
  if (preview) {
    // The browser may not know the format that the server knows.
    image.addEventListener("error", () => { image.src = queryThumbnailUrl(query.id, 640); }, { once: true });
  }
  return image;
}
