// Entry point: builds the navigation and the toolbar, then starts the router.
import { BrowseView } from "./browse-view.js";
import { button, iconButton } from "./buttons.js";
import { el } from "./dom.js";
import { DuplicatesView } from "./duplicates-view.js";
import { fetchInfo } from "./gallery-info.js";
import { GalleryView } from "./gallery-view.js";
import { icon } from "./icons.js";
import { openKeyboardHelp } from "./keyboard-help.js";
import { MapView } from "./map-view.js";
import { acceptDropAndPaste, chooseFile } from "./query-input.js";
import { ROOT } from "./root.js";
import { startRouter } from "./router.js";
import { SearchView } from "./search-view.js";
import { themeButton } from "./theme.js";

const VIEWS = [
  { path: `${ROOT}/`, name: "search", title: "Search", iconName: "search", view: SearchView },
  { path: `${ROOT}/browse`, name: "browse", title: "Browse", iconName: "grid", view: BrowseView },
  { path: `${ROOT}/map`, name: "map", title: "Map", iconName: "map", view: MapView },
  {
    path: `${ROOT}/duplicates`,
    name: "duplicates",
    title: "Duplicates",
    iconName: "duplicates",
    view: DuplicatesView,
  },
  {
    path: `${ROOT}/index`,
    name: "gallery",
    title: "Gallery",
    iconName: "folder",
    view: GalleryView,
  },
];

const links = new Map(
  VIEWS.map(({ path, name, title, iconName }) => [
    name,
    el("a", { href: path }, icon(iconName), title),
  ]),
);
document.querySelector(".site-nav").append(...links.values());
document.addEventListener("view-changed", (event) => {
  for (const [name, link] of links) {
    if (name === event.detail) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
});

const searchLabel = "Search by image";
document.querySelector(".toolbar").append(
  button(el("span", {}, searchLabel), () => chooseFile(), {
    iconName: "picture",
    style: "small search-button",
    "aria-label": searchLabel,
    title: searchLabel,
  }),
  themeButton(),
  iconButton("help", "Keyboard shortcuts", openKeyboardHelp),
);

addEventListener("keydown", (event) => {
  if (
    event.target.closest?.("input, select, textarea") ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey
  )
    return;
  if (event.key === "?") openKeyboardHelp();
  if (event.key === "/" && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    chooseFile();
  }
});

for (const change of ["gallery-changed", "token-accepted", "server-back"]) {
  document.addEventListener(change, () => fetchInfo({ refresh: true }));
}

acceptDropAndPaste();
startRouter(
  document.getElementById("main"),
  Object.fromEntries(VIEWS.map(({ path, name }) => [path, name])),
  Object.fromEntries(VIEWS.map(({ name, view }) => [name, view])),
);
