// More of a list as its end comes near, well before it is seen.
import { el } from "./dom.js";

const AHEAD = "1400px";

/** `load` gives whether there is more; it is called again until the end is far away. */
export function endless(host, load) {
  const sentinel = el("div", { class: "sentinel", "aria-hidden": "true" });
  host.append(sentinel);
  let near = false;
  let busy = false;
  let over = false;

  async function go() {
    if (busy || over || !near) return;
    busy = true;
    try {
      over = !(await load());
    } catch {
      over = true; // told by who loads
    }
    busy = false;
    if (over) return;
    // Seen anew once what came is laid out: the observer only tells changes.
    observer.unobserve(sentinel);
    observer.observe(sentinel);
  }

  const observer = new IntersectionObserver(
    (entries) => {
      near = entries.at(-1).isIntersecting;
      go();
    },
    { rootMargin: AHEAD },
  );
  observer.observe(sentinel);

  return {
    end: () => {
      observer.disconnect();
      sentinel.remove();
      over = true;
    },
    /** There may be more again, as when the threshold was lowered. */
    again: () => {
      over = false;
      go();
    },
  };
}
