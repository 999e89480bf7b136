// Messages to the person: brief notifications, announcements to screen readers, and error boxes.
import { button, iconButton } from "./buttons.js";
import { el } from "./dom.js";

const SHOWN_MS = 5_000;
const ERROR_SHOWN_MS = 12_000;

/** Tell screen readers only, such as how many results there are. */
export function announce(text) {
  document.getElementById("announcements").textContent = text;
}

export function notify(text, { error = false } = {}) {
  const notification = el(
    "div",
    { class: error ? "notification error" : "notification", role: error ? "alert" : "status" },
    el("span", {}, text),
    iconButton("close", "Dismiss", () => notification.remove()),
  );
  // An open dialog makes everything outside of it inert.
  const dialog = document.querySelector("dialog[open] .dialog-body");
  (dialog ?? document.getElementById("notifications")).append(notification);
  setTimeout(() => notification.remove(), error ? ERROR_SHOWN_MS : SHOWN_MS);
}

/** A box with an error, shown in place of the content that failed to load. */
export function errorMessage(error, retry) {
  return el(
    "div",
    { class: "message error", role: "alert" },
    el("p", {}, error.message),
    retry && button("Try again", retry, { iconName: "refresh", style: "" }),
  );
}
