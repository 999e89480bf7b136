// Light, dark, or as the system has it; the choice is kept in this browser.
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./notices.js";

const ORDER = ["auto", "light", "dark"];
const ICONS = { auto: "auto", light: "sun", dark: "moon" };
const KEY = "lookalike-theme";

export function themeSwitch() {
  let theme = document.documentElement.dataset.theme ?? "auto";
  const button = el("button", { class: "icon-button", type: "button" });
  const show = () => {
    button.replaceChildren(icon(ICONS[theme]));
    const name = theme === "auto" ? "as the system" : theme;
    button.setAttribute("aria-label", `Theme: ${name}. Change it`);
    button.title = `Theme: ${name}`;
  };
  button.addEventListener("click", () => {
    theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // kept for this page only
    }
    show();
    say(button.title);
    document.dispatchEvent(new Event("theme-changed"));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("theme-changed")));
  show();
  return button;
}
