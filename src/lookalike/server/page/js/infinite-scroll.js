// Infinite scrolling: loads more of a list well before its end is in sight.
import { el } from "./dom.js";

const LOAD_AHEAD = "1400px";

/** `loadMore` resolves to whether there is more; it is called until the end is far out of sight. */
export function infiniteScroll(host, loadMore) {
  const sentinel = el("div", { class: "sentinel", "aria-hidden": "true" });
  host.append(sentinel);
  let isNear = false;
  let isLoading = false;
  let isDone = false;

  async function load() {
    if (isLoading || isDone || !isNear) return;
    isLoading = true;
    try {
      isDone = !(await loadMore());
    } catch {
      isDone = true; // loadMore reports its own errors
    }
    isLoading = false;
    if (isDone) return;
    // The observer reports only changes: observe again to get the new position.
    observer.unobserve(sentinel);
    observer.observe(sentinel);
  }

  const observer = new IntersectionObserver(
    (entries) => {
      isNear = entries.at(-1).isIntersecting;
      load();
    },
    { rootMargin: LOAD_AHEAD },
  );
  observer.observe(sentinel);

  return {
    stop: () => {
      observer.disconnect();
      sentinel.remove();
      isDone = true;
    },
    /** Continue, as there may be more again: after the minimum similarity was lowered. */
    resume: () => {
      isDone = false;
      load();
    },
  };
}
