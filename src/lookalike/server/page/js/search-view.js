// The search view: the query beside its results. Its URL holds the whole search, to share and go
// back to.
import * as api from "./api.js";
import { openCompareDialog } from "./compare-dialog.js";
import { debounce, el } from "./dom.js";
import { emptyGallery } from "./empty-gallery.js";
import { filterFrom, withFilters } from "./filters.js";
import { fileName, formatScore } from "./format.js";
import { infiniteScroll } from "./infinite-scroll.js";
import { errorMessage, notify } from "./notifications.js";
import { QueryPanel } from "./query-panel.js";
import { formatRegion, parseRegion } from "./region-selector.js";
import { Results } from "./results.js";
import { ROOT } from "./root.js";
import { navigate, replaceUrl, urlParams } from "./router.js";
import { showStartPage } from "./start-page.js";

const FIRST_PAGE = 16; // about one screen; the next page follows at once
const NEXT_PAGE = 100;
const QUERY_LOST = new Set(["query_gone", "no_such_picture"]);
const MAX_CACHED = 24; // responses, for Back and Forward
const MIN_SETTLED_MS = 150;

const responseCache = new Map(); // the most recent one is last
document.addEventListener("gallery-changed", () => responseCache.clear());

function cacheResponse(key, response) {
  responseCache.delete(key);
  responseCache.set(key, response);
  if (responseCache.size > MAX_CACHED) responseCache.delete(responseCache.keys().next().value);
}

const searchOptions = (params) => ({ region: params.get("region"), filter: filterFrom(params) });
const searchKey = (params) =>
  JSON.stringify([params.get("q"), params.get("region"), filterFrom(params) ?? null]);
const regionOf = (params) => parseRegion(params.get("region"));
const minOf = (params) => Number(params.get("min")) || 0;

export class SearchView {
  constructor(main) {
    this.main = main;
    this.controller = new AbortController();
    this.key = "";
    this.saveMin = debounce(MIN_SETTLED_MS, (min) => this.setMinInUrl(min));
    this.retry = () => this.key === "" && this.update(urlParams());
    document.addEventListener("server-back", this.retry);
  }

  leave() {
    document.removeEventListener("server-back", this.retry);
    this.controller.abort();
    this.saveMin.cancel();
    this.panel?.region.reportSoon.cancel();
    this.discardPreview();
  }

  /** Abort the running request and return the signal for the next one. */
  restart() {
    this.controller.abort();
    this.controller = new AbortController();
    return this.controller.signal;
  }

  /** Show the search that the URL describes. */
  update(params) {
    const id = params.get("q");
    if (!id) {
      document.title = "lookalike";
      this.key = "";
      this.panel = null;
      this.layout = null;
      showStartPage(this.main, this.restart());
      return null;
    }
    const key = searchKey(params);
    if (key === this.key) {
      this.panel?.update(params, regionOf(params));
      this.results?.setMin(minOf(params));
      return null;
    }
    this.key = key;
    const signal = this.restart();
    const cached = responseCache.get(key);
    if (cached) {
      this.render(cached, params);
      return null;
    }
    if (this.panel?.query.id === id) {
      this.panel.update(params, regionOf(params));
      this.results.showLoading();
    } else this.buildLayout();
    return this.search(id, params, signal);
  }

  async search(id, params, signal) {
    try {
      const response = await api.search(
        { query: id },
        { top: FIRST_PAGE, ...searchOptions(params) },
        signal,
      );
      cacheResponse(searchKey(params), response);
      this.render(response, params);
    } catch (error) {
      if (api.isAbort(error)) return;
      this.key = "";
      this.showError(error, () => this.update(urlParams()));
    }
  }

  /** Search by a new picture: it is shown at once, and its URL follows with the results. */
  async searchBy({ file, url }, { replace = false } = {}) {
    const signal = this.restart();
    this.key = "";
    this.discardPreview();
    if (file) this.preview = URL.createObjectURL(file);
    this.panel = null;
    this.buildLayout(this.preview, file?.name ?? url);
    scrollTo({ top: 0, behavior: "instant" });
    const params = withFilters(new URLSearchParams(), urlParams());
    if (urlParams().get("min")) params.set("min", urlParams().get("min"));
    const start = performance.now();
    try {
      const options = { top: FIRST_PAGE, ...searchOptions(params) };
      const response = await api.search(file ? { file } : { url }, options, signal);
      params.set("q", response.query.id);
      this.key = searchKey(params);
      cacheResponse(this.key, response);
      this.render(response, params);
      navigate(`${ROOT}/?${params}`, { replace });
      // After the frame that shows the results; the benchmarks read this.
      requestAnimationFrame(() =>
        setTimeout(() =>
          performance.measure("arrived to painted", { start, end: performance.now() }),
        ),
      );
    } catch (error) {
      if (api.isAbort(error)) return;
      this.showError(error, () => this.searchBy({ file, url }, { replace }));
    }
  }

  discardPreview() {
    if (this.preview) URL.revokeObjectURL(this.preview);
    this.preview = null;
  }

  showError(error, retry) {
    if (error.code === "gallery_empty") this.main.replaceChildren(emptyGallery());
    else
      this.results.showError(
        QUERY_LOST.has(error.code) ? queryLostMessage(error) : errorMessage(error, retry),
      );
  }

  /** Build the view before the response comes, with a preview of the query where there is one. */
  buildLayout(preview = null, name = "") {
    this.results = new Results({ onCompare: (hit) => openCompareDialog(this.panel.query, hit) });
    const image = preview
      ? el("img", { src: preview, alt: "Your picture" })
      : el("div", { class: "placeholders" }, el("span", { style: { "--ratio": "1.33" } }));
    const panel = el(
      "aside",
      { class: "query", "aria-label": "Your picture" },
      el("div", { class: "query-picture" }, image),
      el("p", { class: "query-name" }, name),
    );
    this.layout = el("div", { class: "search" }, panel, this.results.node);
    this.main.replaceChildren(this.layout);
    this.results.showLoading();
  }

  render(response, params) {
    const { query } = response;
    query.name = fileName(query.name ?? ""); // a path, where the query is a picture of the gallery
    document.title = query.name ? `${query.name} – lookalike` : "lookalike";
    if (!this.layout) this.buildLayout();
    if (this.panel?.query.id !== query.id) {
      this.panel = new QueryPanel(query, params, this.panelCallbacks(), this.preview);
      this.layout.firstElementChild.replaceWith(this.panel.node);
    }
    this.panel.update(params, regionOf(params));
    this.scroll?.stop();
    this.results.show(response, minOf(params));
    // The element that had the focus may have been replaced.
    if (document.activeElement === document.body)
      this.panel.node.querySelector("h1").focus({ preventScroll: true });
    this.scroll = infiniteScroll(this.results.node, () => this.loadMore(response, params));
  }

  async loadMore(response, params) {
    if (!this.results.mayHaveMore) return false;
    const { signal } = this.controller;
    const page = { top: NEXT_PAGE, offset: response.next_offset, version: response.version };
    try {
      const next = await api.search(
        { query: response.query.id },
        { ...page, ...searchOptions(params) },
        signal,
      );
      response.hits.push(...next.hits);
      response.next_offset = next.hits.length ? next.next_offset : null;
      this.results.showMore(next.hits);
      return this.results.mayHaveMore;
    } catch (error) {
      if (!api.isAbort(error)) notify(error.message, { error: true });
      throw error;
    }
  }

  panelCallbacks() {
    return {
      onRegion: (box) => {
        const params = urlParams();
        if (!params.get("q")) return;
        const replace = params.has("region"); // so that one step Back leads to the whole picture
        if (box) params.set("region", formatRegion(box));
        else params.delete("region");
        navigate(`${ROOT}/?${params}`, { replace });
      },
      onMin: (min) => {
        this.results.setMin(min);
        this.saveMin(min);
      },
      onFilters: (filters) =>
        navigate(`${ROOT}/?${withFilters(urlParams(), filters)}`, { replace: true }),
    };
  }

  setMinInUrl(min) {
    const params = urlParams();
    if (min) params.set("min", formatScore(min));
    else params.delete("min");
    replaceUrl(`${ROOT}/?${params}`);
    this.scroll?.resume();
  }
}

function queryLostMessage(error) {
  return el(
    "div",
    { class: "message error", role: "alert" },
    el("p", {}, error.message || "The server no longer has this picture. Search with it again."),
    el("a", { class: "button", href: `${ROOT}/` }, "New search"),
  );
}
