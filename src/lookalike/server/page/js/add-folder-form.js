// The form that adds a folder to the gallery.
import * as api from "./api.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { errorMessage } from "./notifications.js";
import { ROOT } from "./root.js";
import { navigate } from "./router.js";

/** `onStart` gets the indexing job; by default the gallery view opens and shows it. */
export function addFolderForm(onStart = () => navigate(`${ROOT}/index`)) {
  const input = el("input", {
    class: "input",
    name: "folder",
    required: true,
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "/home/me/Pictures",
  });
  const error = el("div");
  const button = el("button", { class: "button primary" }, icon("plus"), "Add folder");
  const label = el("label", { class: "field" }, el("span", {}, "Full path of the folder"), input);
  const form = el("form", { class: "add-folder", "aria-label": "Add a folder" }, label, button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const job = await api.startIndex([input.value.trim()]);
      error.replaceChildren();
      input.value = "";
      onStart(job);
    } catch (problem) {
      error.replaceChildren(errorMessage(problem));
    }
    button.disabled = false;
  });
  return el("div", {}, form, error);
}
