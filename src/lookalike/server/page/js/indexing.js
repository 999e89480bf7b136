// The gallery itself: its state, its folders, and indexing as it goes.
import * as api from "./api.js";
import { el, setStyle } from "./dom.js";
import { addFolder } from "./folders.js";
import { info } from "./gallery.js";
import { icon } from "./icons.js";
import { follow, isOver } from "./jobs.js";
import { messageOf, say, tell } from "./notices.js";
import { count, duration, number, size } from "./words.js";

export const indexingView = { show: (main) => new Indexing(main) };

class Indexing {
  constructor(main) {
    this.main = main;
    this.controller = new AbortController();
    this.jobs = new Map();
    document.title = "Gallery – lookalike";
    this.rootList = el("ul", { class: "roots" });
    this.jobList = el("div", { class: "work" });
    this.update_button = el("button", { class: "button small", type: "button", onclick: () => this.bringUpToDate() }, icon("refresh"), "Look for changes");
    this.state = el("div", { class: "panel" }, el("p", { class: "faint" }, "Looking …"));
    main.replaceChildren(
      el("div", { class: "heading" }, el("div", {}, el("h1", { tabindex: "-1" }, "Gallery"), el("p", {}, "What is searched, and what is being taken in."))),
      el(
        "div",
        { class: "gallery-view" },
        el(
          "div",
          { class: "work" },
          this.jobList,
          el(
            "section",
            { class: "panel", "aria-label": "Folders" },
            el("div", { class: "panel-head" }, el("h2", {}, "Folders"), this.update_button),
            this.rootList,
            addFolder((job) => this.watch(job)),
          ),
        ),
        el("section", { class: "side", "aria-label": "State" }, this.state),
      ),
    );
    this.showInfo();
    this.showJobs();
  }

  leave() {
    this.controller.abort();
  }

  update() {
    return null;
  }

  async showInfo() {
    const known = await info({ anew: true });
    if (this.controller.signal.aborted) return;
    if (!known) {
      this.state.replaceChildren(messageOf(new Error("The state of the gallery could not be had."), () => this.showInfo()));
      return;
    }
    this.update_button.hidden = !known.roots.length;
    this.rootList.replaceChildren(...known.roots.map(rootLine));
    if (!known.roots.length) this.rootList.append(el("li", {}, icon("folder"), el("span", { class: "faint" }, "No folder yet. Add the first one below.")));
    const fact = (name, value) => (value === null || value === undefined ? [] : [el("dt", {}, name), el("dd", {}, value)]);
    this.state.replaceChildren(
      el("div", {}, el("p", { class: "figure-big" }, number(known.pictures)), el("p", { class: "faint" }, known.pictures === 1 ? "picture to be found" : "pictures to be found")),
      el(
        "dl",
        { class: "facts" },
        fact("Copies provable", `${number(known.fingerprints)} by fingerprint`),
        fact("Refused", known.refused ? el("span", {}, `${count(known.refused, "file", "files")}. `, el("code", {}, "lookalike refused"), " says why") : "none"),
        fact("On disk", size(known.bytes_on_disk)),
        fact("Encoder", known.encoder?.name),
        fact("Search index", known.index?.kind === "none" ? "not needed yet" : known.index?.kind),
        fact("Lies in", el("span", { class: "path" }, known.gallery)),
      ),
    );
  }

  async showJobs() {
    try {
      const known = await api.jobs(this.controller.signal);
      const all = Array.isArray(known) ? known : known.jobs;
      const ours = all.filter((one) => one.kind === "index");
      const running = ours.filter((one) => !isOver(one));
      // Of those that are over the last one tells what came of it.
      for (const job of running.length ? running : ours.slice(0, 1)) this.watch(job);
    } catch (error) {
      if (!api.wasAborted(error) && !error.missing) tell(error.message, { bad: true });
    }
  }

  async bringUpToDate() {
    try {
      this.watch(await api.startIndex([]));
    } catch (error) {
      tell(error.message, { bad: true });
    }
  }

  async watch(job) {
    if (this.jobs.has(job.id)) return;
    const card = new JobCard(job);
    this.jobs.set(job.id, card);
    this.jobList.prepend(card.node);
    if (isOver(job)) {
      card.finish(job);
      return;
    }
    card.show(job);
    say("Indexing has begun.");
    try {
      const last = await follow(job.id, (now) => card.show(now), this.controller.signal);
      card.finish(last);
      say(card.words);
      document.dispatchEvent(new Event("gallery-changed"));
      this.showInfo();
    } catch (error) {
      if (!api.wasAborted(error)) card.fail(error);
    }
  }
}

function rootLine(root) {
  return el(
    "li",
    {},
    icon("folder"),
    el("span", { class: "path" }, el("bdi", {}, root.path), root.online ? null : el("span", { class: "offline" }, ` cannot be reached: ${root.reason}. Its pictures stay in the gallery.`)),
    el("a", { class: "small", href: `/browse?${new URLSearchParams({ folder: root.path })}`, "aria-label": `Browse ${root.path}` }, "Browse"),
  );
}

class JobCard {
  constructor(job) {
    this.id = job.id;
    this.fill = el("i");
    this.bar = el("div", { class: "progress", role: "progressbar", "aria-label": "Indexing", "aria-valuemin": "0", "aria-valuemax": "100" }, this.fill);
    this.title = el("h2", {}, "Indexing");
    this.facts = el("p", { class: "job-facts" });
    this.stop = el("button", { class: "button small", type: "button", onclick: () => this.cancel() }, "Stop");
    this.node = el("section", { class: "job", "aria-label": "Indexing" }, el("div", { class: "job-head" }, this.title, this.stop), this.bar, this.facts);
  }

  show(job) {
    const at = job.progress;
    if (!at) return;
    const unsure = at.listing || at.optimizing || !at.todo;
    const share = at.todo ? at.done / at.todo : 0;
    this.bar.toggleAttribute("data-unsure", unsure && !share);
    setStyle(this.fill, { width: unsure && !share ? "" : `${share * 100}%` });
    this.bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    this.title.textContent = job.state === "queued" ? "Waiting for its turn" : at.optimizing ? "Bringing the search index up to date" : "Indexing";
    const fact = (value, text) => el("span", {}, el("b", {}, value), ` ${text}`);
    this.facts.replaceChildren(
      fact(`${number(at.done)} of ${number(at.todo)}${at.listing ? " and more" : ""}`, "new pictures"),
      at.rate ? fact(number(at.rate), "pictures/s") : "",
      at.seconds_left === null || at.seconds_left === undefined ? "" : fact(duration(at.seconds_left), "left"),
      at.refused ? fact(number(at.refused), "refused") : "",
      fact(number(at.listed), "files seen"),
    );
  }

  async cancel() {
    this.stop.disabled = true;
    try {
      await api.cancelJob(this.id);
    } catch (error) {
      this.stop.disabled = false;
      tell(error.message, { bad: true });
    }
  }

  finish(job) {
    this.stop.remove();
    this.bar.remove();
    this.title.textContent = { done: "Indexing is done", failed: "Indexing failed", cancelled: "Indexing was stopped" }[job.state];
    const report = job.report;
    if (job.state === "failed") this.facts.textContent = sentenceOf(job.error);
    else if (report) this.facts.replaceChildren(...reportFacts(report).map((text) => el("span", {}, text)));
    else this.facts.textContent = "What was taken in stays. Look for changes to go on.";
  }

  get words() {
    const facts = [...this.facts.children].map((fact) => fact.textContent);
    return `${this.title.textContent}: ${facts.join(", ") || this.facts.textContent}`;
  }

  fail(error) {
    this.node.append(messageOf(error));
  }
}

const sentenceOf = (error) => (typeof error === "string" ? error : error?.detail) ?? "No reason is known. Look at the server's log.";

function reportFacts(report) {
  const parts = [["added", "added"], ["updated", "updated"], ["moved", "moved"], ["unchanged", "as they were"], ["refused", "refused"]];
  const facts = parts.filter(([name]) => report[name]).map(([name, text]) => `${number(report[name])} ${text}`);
  if (!facts.length) facts.push("No pictures were found there");
  return [...facts, `in ${duration(report.seconds)}`];
}
