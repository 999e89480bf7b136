// Buttons: with a text and maybe an icon, or with an icon alone.
import { el } from "./dom.js";
import { icon } from "./icons.js";

/** `style` are further classes; other properties become attributes. */
export function button(text, onclick, { iconName, style = "small", ...props } = {}) {
  const attributes = { class: `button ${style}`, type: "button", onclick, ...props };
  return el("button", attributes, iconName && icon(iconName), text);
}

export function iconButton(iconName, label, onclick, props = {}) {
  const attributes = { class: "icon-button", type: "button", title: label, "aria-label": label };
  return el("button", { ...attributes, onclick, ...props }, icon(iconName));
}
