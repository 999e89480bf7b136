// Where the page begins.
import { choose, listen } from "./ask.js";
import { browseView } from "./browse.js";
import { el } from "./dom.js";
import { duplicatesView } from "./duplicates.js";
import { info } from "./gallery.js";
import { openHelp } from "./help.js";
import { icon } from "./icons.js";
import { indexingView } from "./indexing.js";
import { mapView } from "./map.js";
import { start } from "./router.js";
import { searchView } from "./search.js";
import { themeSwitch } from "./theme.js";

const PLACES = [
  ["/", "search", "Search", "search"],
  ["/browse", "browse", "Browse", "grid"],
  ["/map", "map", "Map", "map"],
  ["/duplicates", "duplicates", "Duplicates", "copies"],
  ["/index", "indexing", "Gallery", "folder"],
];

const links = new Map();
for (const [path, name, text, picture] of PLACES) {
  const link = el("a", { href: path }, icon(picture), text);
  links.set(name, link);
  document.querySelector(".places").append(link);
}
document.addEventListener("view", (event) => {
  for (const [name, link] of links) {
    if (name === event.detail) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
});

document.querySelector(".tools").append(
  el("button", { class: "button small ask-anew", type: "button", "aria-label": "Ask with a picture", title: "Ask with a picture", onclick: () => choose() }, icon("picture"), el("span", {}, "Ask with a picture")),
  themeSwitch(),
  el("button", { class: "icon-button", type: "button", "aria-label": "Keys", title: "Keys", onclick: openHelp }, icon("help")),
);

addEventListener("keydown", (event) => {
  if (event.target.closest?.("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "?") openHelp();
  if (event.key === "/" && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    choose();
  }
});

for (const change of ["gallery-changed", "token-accepted", "server-back"]) document.addEventListener(change, () => info({ anew: true }));

listen();
start(
  document.getElementById("main"),
  Object.fromEntries(PLACES.map(([path, name]) => [path, name])),
  { search: searchView, browse: browseView, map: mapView, duplicates: duplicatesView, indexing: indexingView },
);
