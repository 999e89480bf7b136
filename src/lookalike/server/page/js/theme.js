// The button that switches between the system's, the light and the dark theme; the choice is saved.
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { announce } from "./notifications.js";

const THEMES = ["system", "light", "dark"];
const ICONS = { system: "contrast", light: "sun", dark: "moon" };
const STORAGE_KEY = "lookalike-theme";

export function themeButton() {
  let theme = document.documentElement.dataset.theme ?? "system";
  const button = el("button", { class: "icon-button", type: "button" });
  const update = () => {
    button.replaceChildren(icon(ICONS[theme]));
    button.title = `Theme: ${theme}`;
    button.setAttribute("aria-label", `${button.title}. Change theme`);
  };
  const reportChange = () => document.dispatchEvent(new Event("theme-changed"));
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem(STORAGE_KEY, theme);
    } catch {
      // Storage is blocked: the choice lasts until the page is closed.
    }
    update();
    announce(button.title);
    reportChange();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", reportChange);
  update();
  return button;
}
