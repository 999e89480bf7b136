// What happened, told briefly: seen at the foot of the page, and heard.
import { el } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 5_000;
const BAD_SHOWN_MS = 12_000;

/** Tell only those who listen, such as how many results there are. */
export function say(text) {
  document.getElementById("said").textContent = text;
}

export function tell(text, { bad = false } = {}) {
  const notice = el(
    "div",
    { class: bad ? "notice bad" : "notice", role: bad ? "alert" : "status" },
    el("span", {}, text),
    el("button", { class: "icon-button", type: "button", "aria-label": "Dismiss", onclick: () => notice.remove() }, icon("close")),
  );
  const place = document.getElementById("notices");
  const open = document.querySelector("dialog[open] .dialog-body");
  (open ?? place).append(notice); // under a dialog nothing is reachable
  setTimeout(() => notice.remove(), bad ? BAD_SHOWN_MS : SHOWN_MS);
}

/** A box that tells what went wrong, in place of what would have been there. */
export function messageOf(error, retry) {
  return el(
    "div",
    { class: "message bad", role: "alert" },
    el("p", {}, error.message),
    retry && el("button", { class: "button", type: "button", onclick: retry }, icon("refresh"), "Try again"),
  );
}
