// Dialogs: the browser's own, which keep the focus inside and give it back.
import { el } from "./dom.js";
import { icon } from "./icons.js";

/** Open a dialog with a heading; it leaves the page when it is closed. */
export function openDialog({ title, name, closable = true }, ...content) {
  const heading = el("h2", { id: `${name}-title` }, title);
  const close = closable && el("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"));
  const dialog = el(
    "dialog",
    { class: name, "aria-labelledby": heading.id },
    el("div", { class: "dialog-body" }, el("div", { class: "dialog-head" }, heading, close), ...content),
  );
  if (closable) {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close(); // beside it
    });
  } else {
    dialog.addEventListener("cancel", (event) => event.preventDefault());
  }
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
