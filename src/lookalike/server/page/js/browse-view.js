// The browse view: all pictures of the gallery, newest first.
import * as api from "./api.js";
import { el } from "./dom.js";
import { emptyGallery } from "./empty-gallery.js";
import { activeFilters, filterForm, filterFrom, withFilters } from "./filters.js";
import { countOf } from "./format.js";
import { infiniteScroll } from "./infinite-scroll.js";
import { enableKeyboardNavigation } from "./keyboard-navigation.js";
import { announce, errorMessage } from "./notifications.js";
import { pictureTile } from "./picture-cards.js";
import { ROOT } from "./root.js";
import { navigate, urlParams } from "./router.js";

const PAGE_SIZE = 80;
const EAGER_THUMBNAILS = 24;

export class BrowseView {
  constructor(main) {
    this.main = main;
    this.controller = new AbortController();
    this.summary = el("p", { role: "status" }, "Loading…");
    this.grid = el("ul", { class: "grid" });
    this.filterCount = el("b");
    this.filters = el("details", { class: "filters browse-filters" });
    this.body = el("div", {}, this.grid);
    main.replaceChildren(
      el(
        "div",
        { class: "heading" },
        el("div", {}, el("h1", { tabindex: "-1" }, "Browse"), this.summary),
      ),
      this.filters,
      this.body,
    );
    this.updateTabStops = enableKeyboardNavigation(this.body);
    document.title = "Browse – lookalike";
  }

  leave() {
    this.controller.abort();
    this.scroll?.stop();
  }

  update(params) {
    this.leave();
    this.controller = new AbortController();
    const { signal } = this.controller;
    this.grid.replaceChildren();
    const active = activeFilters(params);
    if (!this.filters.firstChild) {
      this.filters.open = active > 0;
      const apply = (filters) =>
        navigate(`${ROOT}/browse?${withFilters(urlParams(), filters)}`, { replace: true });
      this.filters.append(
        el("summary", {}, "Filters ", this.filterCount),
        filterForm(params, apply),
      );
    }
    this.filterCount.textContent = active ? `${active} active` : "";
    let offset = 0;
    const loadPage = async () => {
      const page = await this.fetch({ offset, top: PAGE_SIZE, filter: filterFrom(params) }, signal);
      this.show(page, offset);
      offset = page.next_offset;
      return Boolean(offset);
    };
    // The router waits for the first page, so that Back can restore the scroll position.
    return loadPage().then(
      (hasMore) => {
        if (hasMore && !signal.aborted) this.scroll = infiniteScroll(this.body, loadPage);
      },
      () => {},
    );
  }

  async fetch(query, signal) {
    try {
      return await api.pictures(query, signal);
    } catch (error) {
      if (!api.isAbort(error)) {
        this.body.replaceChildren(
          this.grid,
          errorMessage(error, () => this.update(urlParams())),
        );
      }
      throw error;
    }
  }

  show(page, offset) {
    const eager = (n) => offset + n < EAGER_THUMBNAILS;
    this.grid.append(
      ...page.pictures.map((picture, n) => pictureTile(picture, { eager: eager(n) })),
    );
    this.updateTabStops();
    if (offset) return;
    const filtered = activeFilters(urlParams()) > 0;
    if (!page.pictures.length && !filtered) {
      this.main.replaceChildren(emptyGallery());
      return;
    }
    const total = countOf(page.total, filtered ? "matching picture" : "picture");
    this.summary.textContent = page.pictures.length
      ? `${total}, newest first. Select one to search with it.`
      : "No pictures match these filters. Clear the filters to see all pictures.";
    announce(this.summary.textContent);
  }
}
