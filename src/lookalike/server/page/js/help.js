// What the keys do.
import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";

const KEYS = [
  [["Ctrl", "V"], "ask with the picture in the clipboard"],
  [["/"], "choose a picture"],
  [["←", "↑", "→", "↓"], "go from picture to picture"],
  [["Enter"], "ask with the picture in focus"],
  [["C"], "compare it with the query"],
  [["O"], "open its file"],
  [["R"], "show it in its folder"],
  [["P"], "copy its path"],
  [["Shift", "←", "→"], "on the box on the query: resize it; without Shift move it"],
  [["+", "−", "0"], "on the map: zoom in, out, all of it"],
  [["Esc"], "close, or take the box away"],
  [["?"], "this list"],
];

export function openHelp() {
  if (document.querySelector("dialog[open]")) return;
  openDialog(
    { title: "Keys", name: "help" },
    el("dl", { class: "keys" }, KEYS.map(([keys, what]) => [el("dt", {}, keys.flatMap((key) => [el("kbd", {}, key), " "])), el("dd", {}, what)])),
  );
}
