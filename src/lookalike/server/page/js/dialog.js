// Modal dialogs, built on <dialog>: the browser traps the focus and restores it afterwards.
import { iconButton } from "./buttons.js";
import { el } from "./dom.js";

/** Open a dialog with a heading; closing it removes it from the page. */
export function openDialog({ title, name, closable = true }, ...content) {
  const heading = el("h2", { id: `${name}-title` }, title);
  const close = closable && iconButton("close", "Close", () => dialog.close());
  const head = el("div", { class: "dialog-head" }, heading, close);
  const dialog = el(
    "dialog",
    { class: name, "aria-labelledby": heading.id },
    el("div", { class: "dialog-body" }, head, ...content),
  );
  if (closable) {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close(); // a click on the backdrop
    });
  } else {
    dialog.addEventListener("cancel", (event) => event.preventDefault());
  }
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
