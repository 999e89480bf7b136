// Pictures by keyboard: arrows go from one to the next as they are seen, letters act on the one in focus.
import { askUrl, canReveal, copyPath, openPicture, revealPicture } from "./actions.js";
import { go } from "./router.js";
import { pictureOf } from "./tile.js";

const ROW_SLACK_PX = 12; // tops that differ by less are of one row

const shown = (node) => !node.closest("[hidden]");

/** Make the pictures of a container reachable: by one Tab, then by arrows. */
export function browseByKeys(container, { compare } = {}) {
  const links = () => [...container.querySelectorAll(".picture")].filter(shown);

  function settle(link) {
    for (const old of container.querySelectorAll('.picture[tabindex="0"]')) {
      old.tabIndex = -1;
      for (const button of old.parentElement.querySelectorAll("button")) button.tabIndex = -1;
    }
    if (!link) return;
    link.tabIndex = 0;
    for (const button of link.parentElement.querySelectorAll("button")) button.tabIndex = 0;
  }

  container.addEventListener("focusin", (event) => {
    const link = event.target.closest(".tile, .copy")?.querySelector(".picture");
    if (link && link.tabIndex !== 0) settle(link);
  });

  container.addEventListener("click", (event) => {
    const link = event.target.closest("a.picture");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(askUrl(pictureOf(link.parentElement).id)); // with the filters of now, not of when it was drawn
  });

  container.addEventListener("keydown", (event) => {
    const link = event.target.closest?.("a.picture");
    if (!link || event.metaKey || event.ctrlKey || event.altKey) return;
    const picture = pictureOf(link.parentElement);
    const act = {
      c: () => compare?.(picture),
      o: () => openPicture(picture),
      p: () => copyPath(picture),
      r: () => canReveal() && revealPicture(picture),
    }[event.key.toLowerCase()];
    const next = act ? null : target(links(), link, event.key);
    if (!act && !next) return;
    event.preventDefault();
    act?.();
    if (next) {
      settle(next);
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest" });
    }
  });

  /** Call after pictures came or went: one of them must be reachable. */
  return function refresh() {
    const now = container.querySelector('.picture[tabindex="0"]');
    if (now && shown(now)) return;
    settle(links()[0]);
  };
}

function target(all, from, key) {
  const at = all.indexOf(from);
  switch (key) {
    case "ArrowRight": return all[at + 1];
    case "ArrowLeft": return all[at - 1];
    case "Home": return all[0];
    case "End": return all.at(-1);
    case "ArrowDown": return inNextRow(all, at, 1);
    case "ArrowUp": return inNextRow(all, at, -1);
    default: return null;
  }
}

function inNextRow(all, at, step) {
  const here = all[at].getBoundingClientRect();
  const middle = here.left + here.width / 2;
  let top = null;
  let best = null;
  let nearest = Infinity;
  for (let n = at + step; n >= 0 && n < all.length; n += step) {
    const box = all[n].getBoundingClientRect();
    if (Math.abs(box.top - here.top) < ROW_SLACK_PX) continue;
    top ??= box.top;
    if (Math.abs(box.top - top) > ROW_SLACK_PX) break;
    const away = Math.abs(box.left + box.width / 2 - middle);
    if (away < nearest) [nearest, best] = [away, all[n]];
  }
  return best;
}
