// Naming a folder to take in, on the first page and on that of the gallery.
import * as api from "./api.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { go } from "./router.js";
import { messageOf } from "./notices.js";

/** `started` gets the job; without it the page of the gallery shows it. */
export function addFolder(started = () => go("/index")) {
  const input = el("input", { class: "input", name: "folder", required: true, autocomplete: "off", spellcheck: "false", placeholder: "/home/me/Pictures" });
  const wrong = el("div", {});
  const button = el("button", { class: "button first" }, icon("plus"), "Add the folder");
  const form = el("form", { class: "add", "aria-label": "Add a folder" }, el("label", { class: "field" }, el("span", {}, "Folder, as its whole path"), input), button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const job = await api.startIndex([input.value.trim()]);
      wrong.replaceChildren();
      input.value = "";
      started(job);
    } catch (error) {
      wrong.replaceChildren(messageOf(error));
    }
    button.disabled = false;
  });
  return el("div", {}, form, wrong);
}
