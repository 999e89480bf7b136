// The start page of the search view: the ways to enter a picture, and some pictures of the gallery.
import * as api from "./api.js";
import { button } from "./buttons.js";
import { el } from "./dom.js";
import { emptyGallery } from "./empty-gallery.js";
import { countOf } from "./format.js";
import { fetchInfo } from "./gallery-info.js";
import { icon } from "./icons.js";
import { enableKeyboardNavigation } from "./keyboard-navigation.js";
import { pictureTile } from "./picture-cards.js";
import { chooseFile, searchBy } from "./query-input.js";
import { ROOT } from "./root.js";

const SUGGESTIONS = 14;

export function showStartPage(host, signal) {
  const galleryName = el("span", {}, "your gallery");
  const page = el("div", { class: "start-page" }, queryInput(galleryName));
  host.replaceChildren(page);
  fetchInfo().then((info) => {
    if (signal.aborted || !info) return;
    if (info.pictures === 0) {
      host.replaceChildren(emptyGallery());
      return;
    }
    // Add to the page without rebuilding it, as something in it may have the focus.
    galleryName.textContent = `your ${countOf(info.pictures, "picture")}`;
    page.append(suggestions(signal));
  });
}

function queryInput(galleryName) {
  const url = el("input", {
    class: "input",
    type: "url",
    name: "url",
    required: true,
    placeholder: "https://…",
    "aria-label": "Image URL",
  });
  const urlForm = el(
    "form",
    { class: "url-form" },
    url,
    el("button", { class: "button" }, icon("search"), "Search"),
  );
  urlForm.addEventListener("submit", (event) => {
    event.preventDefault();
    searchBy({ url: url.value.trim() });
  });
  return el(
    "section",
    { class: "drop-zone", "aria-label": "Search by image" },
    el("h1", { tabindex: "-1" }, "Search by image"),
    el(
      "p",
      {},
      "Find where an image appears in ",
      galleryName,
      ", even if it was edited, plus similar ones. It never leaves this server.",
    ),
    el(
      "div",
      { class: "input-buttons" },
      button("Choose a picture", () => chooseFile(), { iconName: "picture", style: "primary" }),
      button("Take a photo", () => chooseFile({ camera: true }), {
        iconName: "camera",
        style: "camera-button",
      }),
    ),
    urlForm,
    el(
      "p",
      { class: "small mouse-only" },
      "Or drop a picture anywhere on this page, or paste one with ",
      el("kbd", {}, "Ctrl"),
      " ",
      el("kbd", {}, "V"),
      ".",
    ),
  );
}

function suggestions(signal) {
  const title = "Or pick one of your pictures";
  const grid = el("ul", { class: "grid" });
  const node = el(
    "section",
    { class: "suggestions", "aria-label": title, hidden: true },
    el(
      "div",
      { class: "suggestions-head" },
      el("h2", {}, title),
      el("a", { href: `${ROOT}/browse` }, "Browse all"),
    ),
    grid,
  );
  const updateTabStops = enableKeyboardNavigation(node);
  api.pictures({ top: SUGGESTIONS }, signal).then(
    ({ pictures }) => {
      grid.append(...pictures.map((picture) => pictureTile(picture, { eager: true })));
      node.hidden = !pictures.length;
      updateTabStops();
    },
    () => {}, // without suggestions the page still works
  );
  return node;
}
