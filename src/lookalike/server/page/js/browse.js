// All pictures of the gallery, the newest first.
import * as api from "./api.js";
import { el } from "./dom.js";
import { endless } from "./endless.js";
import { filterForm, filterOf, howMany, withFilters } from "./filters.js";
import { firstRun } from "./landing.js";
import { browseByKeys } from "./keys.js";
import { messageOf, say } from "./notices.js";
import { go, params as paramsNow } from "./router.js";
import { tile } from "./tile.js";
import { count } from "./words.js";

const PAGE = 80;
const EAGER = 24;

export const browseView = { show: (main) => new Browse(main) };

class Browse {
  constructor(main) {
    this.main = main;
    this.controller = new AbortController();
    this.about = el("p", { role: "status" }, "Looking …");
    this.grid = el("ul", { class: "grid" });
    this.count = el("b");
    this.filters = el("details", { class: "filters browse-filters" });
    this.body = el("div", {}, this.grid);
    main.replaceChildren(
      el("div", { class: "heading" }, el("div", {}, el("h1", { tabindex: "-1" }, "Browse"), this.about)),
      this.filters,
      this.body,
    );
    this.refresh = browseByKeys(this.body);
    document.title = "Browse – lookalike";
  }

  leave() {
    this.controller.abort();
    this.more?.end();
  }

  update(params) {
    this.controller.abort();
    this.controller = new AbortController();
    this.more?.end();
    this.grid.replaceChildren();
    if (!this.filters.firstChild) {
      this.filters.open = howMany(params) > 0;
      this.filters.append(el("summary", {}, "Filters ", this.count), filterForm(params, (set) => go(`/browse?${withFilters(paramsNow(), set)}`, { replace: true })));
    }
    this.count.textContent = howMany(params) ? `${howMany(params)} set` : "";
    let offset = 0;
    const { signal } = this.controller;
    const load = async () => {
      const answer = await this.fetch({ offset, top: PAGE, filter: filterOf(params) }, signal);
      this.add(answer, offset);
      offset = answer.next_offset;
      return Boolean(offset);
    };
    // The first page is awaited, so that Back finds its place.
    return load().then(
      (hasMore) => {
        if (hasMore && !signal.aborted) this.more = endless(this.body, load);
      },
      () => {},
    );
  }

  async fetch(query, signal) {
    try {
      return await api.pictures(query, signal);
    } catch (error) {
      if (!api.wasAborted(error)) this.body.replaceChildren(this.grid, messageOf(error, () => this.update(paramsNow())));
      throw error;
    }
  }

  add(answer, offset) {
    this.grid.append(...answer.pictures.map((picture, n) => tile(picture, { eager: offset + n < EAGER })));
    for (const button of this.grid.querySelectorAll("button")) if (button.tabIndex === 0) button.tabIndex = -1;
    this.refresh();
    if (offset) return;
    const filtered = howMany(paramsNow()) > 0;
    if (!answer.pictures.length && !filtered) {
      this.main.replaceChildren(firstRun());
      return;
    }
    this.about.textContent = answer.pictures.length
      ? `${count(answer.total, "picture", "pictures")}${filtered ? " of this filter" : ""}, the newest first. Choose one to ask with it.`
      : "No picture passes this filter. Clear it to see all.";
    say(this.about.textContent);
  }
}
