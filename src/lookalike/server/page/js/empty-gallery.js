// What every view shows while the gallery is empty: how to add the first folder.
import { addFolderForm } from "./add-folder-form.js";
import { el } from "./dom.js";

export function emptyGallery() {
  return el(
    "div",
    { class: "empty-gallery" },
    el("div", {}, el("h1", { tabindex: "-1" }, "Add your first folder")),
    el(
      "p",
      { class: "lead" },
      "Your gallery has no pictures yet. Enter a folder on the computer that runs this server. Your files are only read; they are never moved or changed.",
    ),
    addFolderForm(),
    el(
      "ol",
      { class: "steps" },
      step(
        "Add a folder",
        "All pictures in it and its subfolders are indexed: JPEG, PNG, WebP, HEIC, AVIF, TIFF and more.",
      ),
      step(
        "Wait a moment",
        "About 20 to 200 pictures are indexed a second. You can search them right away.",
      ),
      step("Search by image", "Drop, paste or choose a picture, or take a photo."),
    ),
    el(
      "p",
      { class: "small muted" },
      "On the command line, use ",
      el("code", {}, "lookalike index FOLDER"),
      ".",
    ),
  );
}

const step = (title, text) => el("li", {}, el("div", {}, el("h3", {}, title), el("p", {}, text)));
