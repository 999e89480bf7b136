// Shows the view of the current URL. A view is a class: new View(main), update(params), leave().

let views = {};
let main = null;
let current = { name: "", view: null };

export const urlParams = () => new URLSearchParams(location.search);

/** Start: `paths` maps paths to names of views, `viewClasses` names to classes. */
export function startRouter(element, paths, viewClasses) {
  main = element;
  views = viewClasses;
  history.scrollRestoration = "manual"; // restored once the results are back
  addEventListener("popstate", () => open(paths, history.state?.scroll ?? 0));
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (
      !link ||
      event.defaultPrevented ||
      event.button ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    if (link.target || link.origin !== location.origin || !(link.pathname in paths)) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
  document.addEventListener("navigate", () => open(paths, 0));
  addEventListener("pagehide", saveScroll);
  open(paths, history.state?.scroll ?? 0);
}

export function navigate(url, { replace = false } = {}) {
  if (replace) replaceUrl(url);
  else {
    saveScroll();
    history.pushState({ scroll: 0 }, "", url);
  }
  document.dispatchEvent(new Event("navigate"));
}

/** Change the URL only, for a view that already shows what it says. */
export const replaceUrl = (url) => history.replaceState(history.state, "", url);

function saveScroll() {
  history.replaceState({ ...history.state, scroll: scrollY }, "");
}

/** Switch to a view, unless it is shown already, and return it. */
export function showView(name) {
  if (current.name !== name) {
    current.view?.leave();
    main.replaceChildren();
    current = { name, view: new views[name](main) };
    document.dispatchEvent(new CustomEvent("view-changed", { detail: name }));
  }
  return current.view;
}

function open(paths, scroll) {
  const name = paths[location.pathname] ?? "search";
  const isNew = name !== current.name;
  const loaded = showView(name).update?.(urlParams());
  const restoreScroll = () => scrollTo({ top: scroll, behavior: "instant" });
  restoreScroll();
  if (scroll) loaded?.then?.(() => requestAnimationFrame(restoreScroll));
  const isFromLink = document.activeElement?.closest?.(".site-nav, .brand");
  if (isNew && isFromLink) main.querySelector("h1")?.focus({ preventScroll: true });
}
