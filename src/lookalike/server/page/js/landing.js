// The page before anything was asked: the ways to ask, and some pictures to begin with.
import * as api from "./api.js";
import { ask, choose } from "./ask.js";
import { el } from "./dom.js";
import { info } from "./gallery.js";
import { icon } from "./icons.js";
import { addFolder } from "./folders.js";
import { browseByKeys } from "./keys.js";
import { tile } from "./tile.js";
import { number } from "./words.js";

const TO_BEGIN_WITH = 14;

export function landing(host, signal) {
  const among = el("span");
  const page = el("div", { class: "landing" }, asking(among));
  host.replaceChildren(page);
  info().then((known) => {
    if (signal.aborted || !known) return;
    if (known.pictures === 0) {
      host.replaceChildren(firstRun());
      return;
    }
    // What is there already stays: it may have the focus.
    among.textContent = ` among ${number(known.pictures)} pictures`;
    page.append(begin(signal));
  });
}

function asking(among) {
  const url = el("input", { class: "input", type: "url", name: "url", required: true, placeholder: "https://…", "aria-label": "Address of a picture" });
  const address = el("form", { class: "address" }, url, el("button", { class: "button" }, icon("search"), "Search"));
  address.addEventListener("submit", (event) => {
    event.preventDefault();
    ask({ url: url.value.trim() });
  });
  return el(
    "section",
    { class: "well", "aria-label": "Ask with a picture" },
    el("h1", { tabindex: "-1" }, "Which picture are you looking for?"),
    el("p", {}, "Give a picture. You are told where it stands", among, ", however it was edited, and what looks like it. It never leaves this server."),
    el(
      "div",
      { class: "ways" },
      el("button", { class: "button first", type: "button", onclick: () => choose() }, icon("picture"), "Choose a picture"),
      el("button", { class: "button camera", type: "button", onclick: () => choose({ camera: true }) }, icon("camera"), "Take a photo"),
    ),
    address,
    el("p", { class: "small for-mouse" }, "Or drop one anywhere on this page, or paste it with ", el("kbd", {}, "Ctrl"), " ", el("kbd", {}, "V"), "."),
  );
}

function begin(signal) {
  const grid = el("ul", { class: "grid" });
  const node = el(
    "section",
    { class: "begin", "aria-label": "Or begin with one of yours", hidden: true },
    el("div", { class: "begin-head" }, el("h2", {}, "Or begin with one of yours"), el("a", { href: "/browse" }, "Browse them all")),
    grid,
  );
  const refresh = browseByKeys(node);
  api.pictures({ top: TO_BEGIN_WITH }, signal).then(
    (answer) => {
      grid.append(...answer.pictures.map((picture) => tile(picture, { eager: true })));
      for (const button of grid.querySelectorAll("button")) button.tabIndex = -1;
      node.hidden = !answer.pictures.length;
      refresh();
    },
    () => {}, // only an offer
  );
  return node;
}

/** An empty gallery leads to adding a folder. */
export function firstRun() {
  return el(
    "div",
    { class: "first-run" },
    el("div", {}, el("h1", { tabindex: "-1" }, "Add your first folder")),
    el("p", { class: "lead" }, "This gallery has no pictures yet. Name a folder of this machine; your files stay where they are and are only read."),
    addFolder(),
    el(
      "ol",
      { class: "steps" },
      step("Name a folder", "All pictures below it are taken in: JPEG, PNG, WebP, HEIC, AVIF, TIFF and more."),
      step("Wait a little", "About 20 to 200 pictures a second. You can search in what is there already."),
      step("Ask with a picture", "Drop one, paste one, or take one with the camera."),
    ),
    el("p", { class: "small faint" }, "On the command line it is ", el("code", {}, "lookalike index FOLDER"), "."),
  );
}

const step = (title, about) => el("li", {}, el("div", {}, el("h3", {}, title), el("p", {}, about)));
