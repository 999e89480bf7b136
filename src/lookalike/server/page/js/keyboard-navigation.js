// Arrow keys move between pictures as they are laid out; letters act on the focused one.
import { canReveal, copyPath, openFile, revealInFolder, searchUrl } from "./picture-actions.js";
import { pictureOf } from "./picture-cards.js";
import { navigate } from "./router.js";

const ROW_TOLERANCE_PX = 12; // tops that differ by less are in one row

const isVisible = (node) => !node.closest("[hidden]");
const hasModifier = (event) => event.metaKey || event.ctrlKey || event.altKey;

/**
 * Make the pictures of a container one tab stop, with arrow keys to move between them.
 *
 * Returns a function to call after pictures were added, removed or hidden, so that one of the
 * visible ones is the tab stop.
 */
export function enableKeyboardNavigation(container, { onCompare } = {}) {
  const visibleLinks = () => [...container.querySelectorAll(".picture")].filter(isVisible);

  function setTabStop(link) {
    for (const stop of container.querySelectorAll('.picture[tabindex="0"]')) setTabIndex(stop, -1);
    if (link) setTabIndex(link, 0);
  }

  container.addEventListener("focusin", (event) => {
    const link = event.target.closest(".tile, .copy-card")?.querySelector(".picture");
    if (link && link.tabIndex !== 0) setTabStop(link);
  });

  container.addEventListener("click", (event) => {
    const link = event.target.closest("a.picture");
    if (!link || event.button || event.shiftKey || hasModifier(event)) return;
    event.preventDefault();
    navigate(searchUrl(pictureOf(link.parentElement).id)); // the href may have old filters
  });

  container.addEventListener("keydown", (event) => {
    const link = event.target.closest?.("a.picture");
    if (!link || hasModifier(event)) return;
    const picture = pictureOf(link.parentElement);
    const action = {
      c: () => onCompare?.(picture),
      o: () => openFile(picture),
      p: () => copyPath(picture),
      r: () => canReveal() && revealInFolder(picture),
    }[event.key.toLowerCase()];
    const next = action ? null : neighbour(visibleLinks(), link, event.key);
    if (!action && !next) return;
    event.preventDefault();
    action?.();
    if (next) {
      setTabStop(next);
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest" });
    }
  });

  return function updateTabStops() {
    const stop = container.querySelector('.picture[tabindex="0"]');
    if (!stop || !isVisible(stop)) setTabStop(visibleLinks()[0]);
  };
}

function setTabIndex(link, tabIndex) {
  link.tabIndex = tabIndex;
  for (const button of link.parentElement.querySelectorAll("button")) button.tabIndex = tabIndex;
}

function neighbour(links, current, key) {
  const index = links.indexOf(current);
  switch (key) {
    case "ArrowRight":
      return links[index + 1];
    case "ArrowLeft":
      return links[index - 1];
    case "Home":
      return links[0];
    case "End":
      return links.at(-1);
    case "ArrowDown":
      return nearestInNextRow(links, index, 1);
    case "ArrowUp":
      return nearestInNextRow(links, index, -1);
    default:
      return null;
  }
}

function nearestInNextRow(links, index, step) {
  const current = links[index].getBoundingClientRect();
  const middle = current.left + current.width / 2;
  let rowTop = null;
  let nearest = null;
  let leastDistance = Infinity;
  for (let n = index + step; n >= 0 && n < links.length; n += step) {
    const box = links[n].getBoundingClientRect();
    if (Math.abs(box.top - current.top) < ROW_TOLERANCE_PX) continue;
    rowTop ??= box.top;
    if (Math.abs(box.top - rowTop) > ROW_TOLERANCE_PX) break;
    const distance = Math.abs(box.left + box.width / 2 - middle);
    if (distance < leastDistance) [leastDistance, nearest] = [distance, links[n]];
  }
  return nearest;
}
