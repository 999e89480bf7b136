// The search view: a query beside its results. The address says all of it, so that it can be shared and gone back to.
import * as api from "./api.js";
import { openCompare } from "./compare.js";
import { debounced, el } from "./dom.js";
import { endless } from "./endless.js";
import { filterOf, withFilters } from "./filters.js";
import { firstRun, landing } from "./landing.js";
import { messageOf, tell } from "./notices.js";
import { QueryPanel } from "./query.js";
import { regionFrom, regionText } from "./region.js";
import { Results } from "./results.js";
import { go, note, params as paramsNow } from "./router.js";
import { fileName } from "./words.js";

const FIRST = 16; // about what is seen without scrolling; more follow at once
const MORE = 100;
const GONE = new Set(["query_gone", "no_such_picture"]);
const MOST_KEPT = 24; // answers, for Back and Forward

const answers = new Map(); // by what was asked; the newest last

function keep(key, answer) {
  answers.delete(key);
  answers.set(key, answer);
  if (answers.size > MOST_KEPT) answers.delete(answers.keys().next().value);
}

const keyOf = (params) => JSON.stringify([params.get("q"), params.get("region"), filterOf(params) ?? null]);

const optionsOf = (params) => ({ region: params.get("region"), filter: filterOf(params) });

export const searchView = { show: (main) => new Search(main) };

// What is in a gallery may have changed: answers of before are not shown again.
document.addEventListener("gallery-changed", () => answers.clear());

class Search {
  constructor(main) {
    this.main = main;
    this.controller = new AbortController();
    this.key = "";
    this.noteMin = debounced(150, (min) => this.minSettled(min));
    this.retry = () => this.key === "" && this.update(paramsNow());
    document.addEventListener("server-back", this.retry);
  }

  leave() {
    document.removeEventListener("server-back", this.retry);
    this.controller.abort();
    this.noteMin.cancel();
    this.panel?.region.soon.cancel();
    this.dropPreview();
  }

  /** Stop what is under way; what comes after is asked with a new signal. */
  anew() {
    this.controller.abort();
    this.controller = new AbortController();
    return this.controller.signal;
  }

  /** Show what the address says. */
  update(params) {
    const q = params.get("q");
    if (!q) {
      document.title = "lookalike";
      this.key = "";
      this.panel = null;
      this.shape = null;
      landing(this.main, this.anew());
      return null;
    }
    const key = keyOf(params);
    if (key === this.key) {
      this.panel?.update(params, regionFrom(params.get("region")));
      this.results?.setMin(Number(params.get("min")) || 0);
      return null;
    }
    this.key = key;
    const known = answers.get(key);
    const signal = this.anew();
    if (known) {
      this.render(known, params);
      return null;
    }
    if (this.panel?.query.id === q) {
      this.panel.update(params, regionFrom(params.get("region")));
      this.results.wait();
    } else this.lay(null);
    return this.run({ query: q }, params, signal);
  }

  async run(what, params, signal) {
    try {
      const answer = await api.search(what, { top: FIRST, ...optionsOf(params) }, signal);
      keep(keyOf(params), answer);
      this.render(answer, params);
    } catch (error) {
      if (api.wasAborted(error)) return;
      this.key = "";
      this.fail(error, () => this.update(paramsNow()));
    }
  }

  fail(error, retry) {
    if (error.code === "gallery_empty") this.main.replaceChildren(firstRun());
    else this.results.fail(GONE.has(error.code) ? gone(error) : messageOf(error, retry));
  }

  /** Ask with a picture that came in: seen at once, its address follows. */
  async ask({ file, url }, { replace = false } = {}) {
    const signal = this.anew();
    this.key = "";
    this.dropPreview();
    if (file) this.preview = URL.createObjectURL(file);
    const preview = this.preview;
    this.panel = null;
    this.lay(preview ?? null, file?.name ?? url);
    scrollTo({ top: 0, behavior: "instant" });
    const params = withFilters(new URLSearchParams(), paramsNow());
    if (paramsNow().get("min")) params.set("min", paramsNow().get("min"));
    const arrived = performance.now();
    try {
      const answer = await api.search(file ? { file } : { url }, { top: FIRST, ...optionsOf(params) }, signal);
      params.set("q", answer.query.id);
      keep(keyOf(params), answer);
      this.key = keyOf(params);
      this.render(answer, params);
      go(`/?${params}`, { replace });
      // Behind the frame that shows them; benchmarks read it.
      requestAnimationFrame(() => setTimeout(() => performance.measure("arrived to painted", { start: arrived, end: performance.now() })));
    } catch (error) {
      if (api.wasAborted(error)) return;
      this.fail(error, () => this.ask({ file, url }, { replace }));
    }
  }

  dropPreview() {
    if (this.preview) URL.revokeObjectURL(this.preview);
    this.preview = null;
  }

  /** Lay the view out before anything is known of the query but, maybe, how it looks. */
  lay(preview, name) {
    this.results = new Results({ compare: (hit) => openCompare(this.panel.query, hit) });
    const picture = preview ? el("img", { src: preview, alt: "The picture asked with" }) : null;
    const ghost = el(
      "aside",
      { class: "asked", "aria-label": "The picture asked with" },
      el("div", { class: "asked-picture" }, picture ?? el("div", { class: "ghosts" }, el("span", { style: { "--ratio": "1.33" } }))),
      el("p", { class: "asked-name" }, name ?? ""),
    );
    this.shape = el("div", { class: "search" }, ghost, this.results.node);
    this.main.replaceChildren(this.shape);
    this.results.wait();
  }

  render(answer, params) {
    const { query } = answer;
    query.name = fileName(query.name ?? ""); // of the gallery's own it is the path
    document.title = query.name ? `${query.name} – lookalike` : "lookalike";
    if (!this.shape) this.lay(null);
    if (this.panel?.query.id !== query.id) {
      this.panel = new QueryPanel(query, params, this.changes(), this.preview);
      this.shape.firstElementChild.replaceWith(this.panel.node);
    }
    this.panel.update(params, regionFrom(params.get("region")));
    this.more?.end();
    this.results.show(answer, Number(params.get("min")) || 0);
    // What had the focus may be gone with what was there before.
    if (document.activeElement === document.body) this.panel.node.querySelector("h1").focus({ preventScroll: true });
    this.more = endless(this.results.node, () => this.loadMore(answer, params));
  }

  async loadMore(answer, params) {
    if (!this.results.mayHaveMore) return false;
    const { signal } = this.controller;
    try {
      const next = await api.search({ query: answer.query.id }, { top: MORE, offset: answer.next_offset, version: answer.version, ...optionsOf(params) }, signal);
      answer.hits.push(...next.hits);
      answer.next_offset = next.hits.length ? next.next_offset : null;
      this.results.more(next.hits);
      return this.results.mayHaveMore;
    } catch (error) {
      if (!api.wasAborted(error)) tell(error.message, { bad: true });
      throw error;
    }
  }

  changes() {
    const change = (edit, replace) => {
      const next = edit(paramsNow());
      if (next) go(`/?${next}`, { replace });
    };
    return {
      region: (box) =>
        change((now) => {
          if (!now.get("q")) return null;
          if (box) now.set("region", regionText(box));
          else now.delete("region");
          return now;
        }, paramsNow().has("region")), // one step back leads to the whole picture
      min: (min) => {
        this.results.setMin(min);
        this.noteMin(min);
      },
      filters: (set) => change((now) => withFilters(now, set), true),
    };
  }

  minSettled(min) {
    const now = paramsNow();
    if (min) now.set("min", min.toFixed(2));
    else now.delete("min");
    note(`/?${now}`);
    this.more?.again();
  }
}

function gone(error) {
  return el(
    "div",
    { class: "message bad", role: "alert" },
    el("p", {}, error.message || "This picture is no longer kept by the server. Ask with it again."),
    el("a", { class: "button", href: "/" }, "Ask again"),
  );
}
