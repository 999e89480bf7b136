// The dialog that lists the keyboard shortcuts.
import { openDialog } from "./dialog.js";
import { el } from "./dom.js";

const SHORTCUTS = [
  [["Ctrl", "V"], "Search with the picture on the clipboard"],
  [["/"], "Choose a picture"],
  [["←", "↑", "→", "↓"], "Move between pictures, or move the selected area"],
  [["Enter"], "Search with the selected picture"],
  [["C"], "Compare it with your picture"],
  [["O"], "Open its file"],
  [["R"], "Show it in its folder"],
  [["P"], "Copy its path"],
  [["Shift", "←", "→"], "Resize the selected area"],
  [["+", "−", "0"], "Zoom the map in or out, or show all of it"],
  [["Esc"], "Close a dialog, or remove the selected area"],
  [["?"], "Show this list"],
];

export function openKeyboardHelp() {
  if (document.querySelector("dialog[open]")) return;
  const row = ([keys, action]) => [
    el(
      "dt",
      {},
      keys.flatMap((key) => [el("kbd", {}, key), " "]),
    ),
    el("dd", {}, action),
  ];
  openDialog(
    { title: "Keyboard shortcuts", name: "help" },
    el("dl", { class: "shortcuts" }, SHORTCUTS.map(row)),
  );
}
