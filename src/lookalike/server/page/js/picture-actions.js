// What people can do with a picture: search with it, open it, show it in its folder, copy its path.
import * as api from "./api.js";
import { button, iconButton } from "./buttons.js";
import { el } from "./dom.js";
import { PERSISTENT_PARAMS } from "./filters.js";
import { fileName } from "./format.js";
import { cachedInfo } from "./gallery-info.js";
import { notify } from "./notifications.js";
import { ROOT } from "./root.js";
import { urlParams } from "./router.js";

/** The URL of a search with a picture of the gallery; filters and minimum similarity stay set. */
export function searchUrl(id) {
  const next = new URLSearchParams({ q: id });
  if (location.pathname === `${ROOT}/`) {
    const params = urlParams();
    for (const name of PERSISTENT_PARAMS) if (params.has(name)) next.set(name, params.get(name));
  }
  return `${ROOT}/?${next}`;
}

export const openFile = (picture) => window.open(api.fileUrl(picture.id), "_blank", "noopener");

export async function copyPath(picture) {
  try {
    await copyText(picture.path);
    notify(`Copied the path of ${fileName(picture.path)}.`);
  } catch {
    notify(`Your browser blocks copying. The path is ${picture.path}`, { error: true });
  }
}

export async function copyText(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // The clipboard API needs https or localhost.
  const textarea = el("textarea", { class: "visually-hidden", "aria-hidden": "true", value: text });
  document.body.append(textarea);
  textarea.select();
  const copied = document.execCommand("copy");
  textarea.remove();
  if (!copied) throw new Error("The browser did not copy the text.");
}

export async function revealInFolder(picture) {
  try {
    await api.reveal(picture.id);
  } catch (error) {
    notify(error.message, { error: true });
  }
}

export const canReveal = () => Boolean(cachedInfo()?.can_reveal);

/** The buttons of one picture; "Compare" only where there is an `onCompare`. */
export function actionButtons(picture, { onCompare, isCard = false }) {
  const name = fileName(picture.path);
  const style = isCard ? "" : "wide-only"; // a small tile has room for one button
  const action = (iconName, label, onclick, extra = style) =>
    iconButton(iconName, label, onclick, {
      class: `icon-button ${extra}`,
      "aria-label": `${label}: ${name}`,
    });
  const compare = () => onCompare(picture);
  const compareButton = () =>
    isCard
      ? button("Compare", compare, { "aria-label": `Compare: ${name}` })
      : action("compare", "Compare", compare, "");
  return [
    onCompare && compareButton(),
    action("open", "Open", () => openFile(picture)),
    canReveal() && action("reveal", "Show in folder", () => revealInFolder(picture)),
    action("copy", "Copy path", () => copyPath(picture)),
  ];
}
