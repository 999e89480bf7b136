// The ways to enter a query picture: choose a file, take a photo, drop, paste, or give a URL.
import { el } from "./dom.js";
import { notify } from "./notifications.js";
import { ROOT } from "./root.js";
import { navigate, showView } from "./router.js";

const HTTP_URL = /^https?:\/\/\S+$/i;

/** Search with {file} or {url}; the search view shows it at once. */
export function searchBy(input) {
  const isElsewhere = location.pathname !== `${ROOT}/`;
  if (isElsewhere) navigate(`${ROOT}/`); // the search then takes over this history entry
  showView("search").searchBy(input, { replace: isElsewhere });
}

function searchByFile(file) {
  if (/^(text|audio|video)\//.test(file.type)) {
    notify(`${file.name} is not a picture. Choose a picture file.`, { error: true });
    return;
  }
  searchBy({ file });
}

/** Open the file chooser, or the camera of a phone. */
export function chooseFile({ camera = false } = {}) {
  const input = el("input", {
    type: "file",
    accept: "image/*,.heic,.heif,.avif",
    capture: camera ? "environment" : null,
  });
  input.addEventListener("change", () => input.files[0] && searchByFile(input.files[0]));
  input.click();
}

/** Search with what was dropped or pasted; returns whether there was a picture or a URL in it. */
function searchByTransfer(data) {
  const file = [...data.files].find(({ type }) => type.startsWith("image/")) ?? data.files[0];
  if (file) {
    searchByFile(file);
    return true;
  }
  // Dragged or copied from another page: look for the URL of the picture.
  const html = data.getData("text/html");
  const source =
    html &&
    new DOMParser().parseFromString(html, "text/html").querySelector("img")?.getAttribute("src");
  const link = data.getData("text/uri-list").split("\n")[0];
  const candidates = [source, link, data.getData("text/plain")].map((text) => (text ?? "").trim());
  const url = candidates.find((text) => HTTP_URL.test(text));
  if (url) searchBy({ url });
  return Boolean(url);
}

/** Accept drops and pastes anywhere on the page. */
export function acceptDropAndPaste() {
  const overlay = el(
    "div",
    { class: "drop-overlay", hidden: true },
    el("div", {}, "Drop to search"),
  );
  document.body.append(overlay);
  let depth = 0; // every element on the way fires its own dragenter and dragleave
  let isOwnDrag = false; // a result dragged out of this page
  const isAccepted = (event) =>
    !isOwnDrag &&
    ["Files", "text/uri-list", "text/html"].some((type) =>
      event.dataTransfer?.types.includes(type),
    );
  addEventListener("dragenter", (event) => {
    if (!isAccepted(event)) return;
    depth += 1;
    overlay.hidden = false;
  });
  addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    overlay.hidden = depth === 0;
  });
  addEventListener("dragover", (event) => isAccepted(event) && event.preventDefault());
  addEventListener("dragstart", () => {
    isOwnDrag = true;
  });
  addEventListener("dragend", () => {
    isOwnDrag = false;
  });
  addEventListener("drop", (event) => {
    depth = 0;
    overlay.hidden = true;
    if (!isAccepted(event)) return;
    event.preventDefault();
    if (!searchByTransfer(event.dataTransfer))
      notify("That is not a picture. Drop a picture file.", { error: true });
  });
  addEventListener("paste", (event) => {
    const isTyping = event.target.closest?.("input, textarea");
    if (isTyping && !event.clipboardData.files.length) return;
    if (searchByTransfer(event.clipboardData)) event.preventDefault();
    else if (!isTyping)
      notify("There is no picture on the clipboard. Copy a picture, then paste it.", {
        error: true,
      });
  });
}
