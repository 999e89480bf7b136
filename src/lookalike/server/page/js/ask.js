// The ways a picture comes in: dropped, pasted, chosen, taken with the camera, or by its address.
import { el } from "./dom.js";
import { tell } from "./notices.js";
import { enter, go } from "./router.js";

const ADDRESS = /^https?:\/\/\S+$/i;

/** Ask with {file} or {url}; the search view shows it at once. */
export function ask(what) {
  const elsewhere = location.pathname !== "/";
  if (elsewhere) go("/"); // its entry in the history becomes that of the search
  enter("search").ask(what, { replace: elsewhere });
}

function askWithFile(file) {
  if (/^(text|audio|video)\//.test(file.type)) {
    tell(`${file.name} is no picture. Give a picture file.`, { bad: true });
    return;
  }
  ask({ file });
}

/** Open the file chooser, or the camera where there is one. */
export function choose({ camera = false } = {}) {
  const input = el("input", { type: "file", accept: "image/*,.heic,.heif,.avif", capture: camera ? "environment" : null });
  input.addEventListener("change", () => input.files[0] && askWithFile(input.files[0]));
  input.click();
}

function fromTransfer(data) {
  const file = [...data.files].find((one) => one.type.startsWith("image/")) ?? data.files[0];
  if (file) {
    askWithFile(file);
    return true;
  }
  // Dragged or copied from another page: the address of the picture.
  const html = data.getData("text/html");
  const source = html && new DOMParser().parseFromString(html, "text/html").querySelector("img")?.getAttribute("src");
  const text = [source, data.getData("text/uri-list").split("\n")[0], data.getData("text/plain")].map((one) => (one ?? "").trim());
  const url = text.find((one) => ADDRESS.test(one));
  if (url) ask({ url });
  return Boolean(url);
}

/** Take what is dropped or pasted anywhere on the page. */
export function listen() {
  const veil = el("div", { class: "veil", hidden: true }, el("div", {}, "Drop it to find it"));
  document.body.append(veil);
  let depth = 0; // enters and leaves come for every element on the way
  const carries = (event) => ["Files", "text/uri-list", "text/html"].some((type) => event.dataTransfer?.types.includes(type));
  addEventListener("dragenter", (event) => {
    if (!carries(event) || ownDrag) return;
    depth += 1;
    veil.hidden = false;
  });
  addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    veil.hidden = depth === 0;
  });
  addEventListener("dragover", (event) => carries(event) && !ownDrag && event.preventDefault());
  let ownDrag = false; // a result dragged out of the page
  addEventListener("dragstart", () => { ownDrag = true; });
  addEventListener("dragend", () => { ownDrag = false; });
  addEventListener("drop", (event) => {
    depth = 0;
    veil.hidden = true;
    if (ownDrag || !carries(event)) return;
    event.preventDefault();
    if (!fromTransfer(event.dataTransfer)) tell("There is no picture in what was dropped. Drop a picture file.", { bad: true });
  });
  addEventListener("paste", (event) => {
    const typing = event.target.closest?.("input, textarea");
    if (typing && !event.clipboardData.files.length) return;
    if (fromTransfer(event.clipboardData)) event.preventDefault();
    else if (!typing) tell("There is no picture in the clipboard. Copy a picture, then paste again.", { bad: true });
  });
}
