// What can be done with a picture wherever it is shown.
import * as api from "./api.js";
import { el } from "./dom.js";
import { lastInfo } from "./gallery.js";
import { icon } from "./icons.js";
import { tell } from "./notices.js";
import { CARRIED } from "./filters.js";
import { params } from "./router.js";
import { fileName } from "./words.js";

/** The address of a search with a picture of the gallery; filters and threshold go on. */
export function askUrl(id) {
  const next = new URLSearchParams({ q: id });
  if (location.pathname === "/") {
    const now = params();
    for (const name of CARRIED) if (now.has(name)) next.set(name, now.get(name));
  }
  return `/?${next}`;
}

export const openPicture = (picture) => window.open(api.fileUrl(picture.id), "_blank", "noopener");

export async function copyPath(picture) {
  try {
    await copyText(picture.path);
    tell(`Copied the path of ${fileName(picture.path)}.`);
  } catch {
    tell(`This browser does not let the page copy. The path is ${picture.path}`, { bad: true });
  }
}

export async function copyText(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Away from loopback and https there is only the old way.
  const area = el("textarea", { class: "unseen", "aria-hidden": "true", value: text });
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("not copied");
}

export async function revealPicture(picture) {
  try {
    await api.reveal(picture.id);
  } catch (error) {
    tell(error.message, { bad: true });
  }
}

export const canReveal = () => Boolean(lastInfo()?.can_reveal);

/** Buttons of one picture. `compare` is left out where there is nothing to compare it with. */
export function actionButtons(picture, { compare, card = false }) {
  const name = fileName(picture.path);
  const button = (what, label, act, style) =>
    el("button", { class: `icon-button ${style}`, type: "button", title: label, "aria-label": `${label}: ${name}`, onclick: act }, icon(what));
  const rest = card ? "" : "only-wide"; // on a small tile there is room for one
  const first = card
    ? compare && el("button", { class: "button small", type: "button", "aria-label": `Compare: ${name}`, onclick: () => compare(picture) }, "Compare")
    : compare && button("compare", "Compare", () => compare(picture), "");
  return [
    first,
    button("open", "Open", () => openPicture(picture), rest),
    canReveal() && button("reveal", "Show in folder", () => revealPicture(picture), rest),
    button("copy", "Copy path", () => copyPath(picture), rest),
  ];
}
