// Which view is shown, by the address. A view is {show(main) -> {update(params), leave()}}.

let views = {};
let main = null;
let current = { name: "", view: null };

export const params = () => new URLSearchParams(location.search);

/** Begin: `routes` maps paths to names, `made` names to views. */
export function start(element, routes, made) {
  main = element;
  views = made;
  history.scrollRestoration = "manual"; // results are put back first, then the place in them
  addEventListener("popstate", () => open(routes, history.state?.scroll ?? 0));
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.origin !== location.origin || !(link.pathname in routes)) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
  document.addEventListener("go", () => open(routes, 0));
  addEventListener("pagehide", keepPlace);
  open(routes, history.state?.scroll ?? 0);
}

export function go(url, { replace = false } = {}) {
  if (replace) history.replaceState(history.state, "", url);
  else {
    keepPlace();
    history.pushState({ scroll: 0 }, "", url);
  }
  document.dispatchEvent(new Event("go"));
}

/** Change the address without showing anything anew: the view has done it already. */
export const note = (url) => history.replaceState(history.state, "", url);

function keepPlace() {
  history.replaceState({ ...history.state, scroll: scrollY }, "");
}

/** Show a view by name, if it is not there yet, and give it. */
export function enter(name) {
  if (current.name !== name) {
    current.view?.leave?.();
    main.replaceChildren();
    current = { name, view: views[name].show(main) };
    document.dispatchEvent(new CustomEvent("view", { detail: name }));
  }
  return current.view;
}

function open(routes, scroll) {
  const name = routes[location.pathname] ?? "search";
  const changed = name !== current.name;
  const view = enter(name);
  const arrived = view.update(params());
  const place = () => scrollTo({ top: scroll, behavior: "instant" });
  place();
  if (scroll) arrived?.then?.(() => requestAnimationFrame(place));
  if (changed && document.activeElement?.closest?.(".places, .brand")) main.querySelector("h1")?.focus({ preventScroll: true });
}
