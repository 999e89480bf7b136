// What views show while the gallery is empty: how to add the first folder.
import { addFolderForm } from "./add-folder-form.js";
import { el } from "./dom.js";
import { errorMessage } from "./notifications.js";

export function emptyGallery() {
  return el(
    "div",
    { class: "empty-gallery" },
    el("div", {}, el("h1", { tabindex: "-1" }, "Add your first folder")),
    el(
      "p",
      { class: "lead" },
      "Your gallery has no pictures yet. Enter the path of a folder on the computer that runs this " +
        "server. Its files are only read, never changed.",
    ),
    addFolderForm(),
    el(
      "ol",
      { class: "steps" },
      step(
        "Add a folder",
        "All pictures in it are indexed, also in subfolders: JPEG, PNG, WebP, HEIC, AVIF, TIFF, …",
      ),
      step(
        "Wait a moment",
        "Indexing handles about 20 to 200 pictures a second. You can search them right away.",
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

/** Show why a view's content failed to load: in its `container`, or the whole view for no pictures. */
export function showLoadError(error, main, container, retry) {
  if (error.code === "gallery_empty") main.replaceChildren(emptyGallery());
  else container.replaceChildren(errorMessage(error, retry));
}

const step = (title, text) => el("li", {}, el("div", {}, el("h3", {}, title), el("p", {}, text)));
