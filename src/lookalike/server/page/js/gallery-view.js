// The gallery view: its folders, its status, and indexing jobs.
import * as api from "./api.js";
import { addFolderForm } from "./add-folder-form.js";
import { button } from "./buttons.js";
import { el } from "./dom.js";
import { countOf, countedKinds, formatNumber, formatSize } from "./format.js";
import { fetchInfo } from "./gallery-info.js";
import { icon } from "./icons.js";
import { JobCard } from "./job-card.js";
import { followJob, isFinished } from "./jobs.js";
import { announce, errorMessage, notify } from "./notifications.js";
import { ROOT } from "./root.js";

export class GalleryView {
  constructor(main) {
    this.controller = new AbortController();
    this.jobIds = new Set();
    document.title = "Gallery – lookalike";
    this.folders = el("ul", { class: "folders" });
    this.jobs = el("div", { class: "gallery-main" });
    this.updateButton = button("Check for changes", () => this.checkForChanges(), {
      iconName: "refresh",
    });
    this.status = el("div", { class: "panel" }, el("p", { class: "muted" }, "Loading…"));
    const folderPanel = el(
      "section",
      { class: "panel", "aria-label": "Folders" },
      el("div", { class: "panel-head" }, el("h2", {}, "Folders"), this.updateButton),
      this.folders,
      addFolderForm((job) => this.showJob(job)),
    );
    main.replaceChildren(
      el(
        "div",
        { class: "heading" },
        el(
          "div",
          {},
          el("h1", { tabindex: "-1" }, "Gallery"),
          el("p", {}, "Folders in your gallery and indexing progress"),
        ),
      ),
      el(
        "div",
        { class: "gallery-view" },
        el("div", { class: "gallery-main" }, this.jobs, folderPanel),
        el("section", { class: "gallery-side", "aria-label": "Status" }, this.status),
      ),
    );
    this.showInfo();
    this.showJobs();
  }

  leave() {
    this.controller.abort();
  }

  async showInfo() {
    const info = await fetchInfo({ refresh: true });
    if (this.controller.signal.aborted) return;
    if (!info) {
      const error = new Error("Couldn't load the gallery status.");
      this.status.replaceChildren(errorMessage(error, () => this.showInfo()));
      return;
    }
    const { pictures, files, fingerprints, refused, roots, index } = info;
    this.updateButton.hidden = !roots.length;
    const noFolders = el(
      "li",
      {},
      icon("folder"),
      el("span", { class: "muted" }, "No folders yet. Add the first one below."),
    );
    this.folders.replaceChildren(...(roots.length ? roots.map(folderItem) : [noFolders]));
    const refusedText = refused
      ? el(
          "span",
          {},
          `${countOf(refused, "file")}. Run `,
          el("code", {}, "lookalike refused"),
          " to see why.",
        )
      : "none";
    const facts = [
      ["Files", files === pictures ? null : formatNumber(files)],
      ["Copy detection", `${countOf(fingerprints, "picture")} ready`],
      ["Refused", refusedText],
      ["Can't be read yet", countedKinds(info.unsupported) || null],
      ["Size on disk", formatSize(info.bytes_on_disk)],
      ["Encoder", info.encoder?.name],
      ["Search index", index?.kind === "none" ? "not needed yet" : index?.kind],
      ["Location", el("span", { class: "path" }, info.gallery)],
    ].filter(([, value]) => value !== null && value !== undefined);
    this.status.replaceChildren(
      el(
        "div",
        {},
        el("p", { class: "big-number" }, formatNumber(pictures)),
        el("p", { class: "muted" }, pictures === 1 ? "picture indexed" : "pictures indexed"),
      ),
      el(
        "dl",
        { class: "facts" },
        facts.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]),
      ),
    );
  }

  /** Show the running jobs, or the last one's report. */
  async showJobs() {
    try {
      const { jobs } = await api.jobs(this.controller.signal);
      const indexing = jobs.filter((job) => job.kind === "index");
      const running = indexing.filter((job) => !isFinished(job));
      for (const job of running.length ? running : indexing.slice(0, 1)) this.showJob(job);
    } catch (error) {
      if (!api.isAbort(error) && !error.isMissingRoute) notify(error.message, { error: true });
    }
  }

  async checkForChanges() {
    try {
      this.showJob(await api.startIndex([]));
    } catch (error) {
      notify(error.message, { error: true });
    }
  }

  async showJob(job) {
    if (this.jobIds.has(job.id)) return;
    this.jobIds.add(job.id);
    const card = new JobCard(job);
    this.jobs.prepend(card.node);
    if (isFinished(job)) {
      card.showReport(job);
      return;
    }
    card.showProgress(job);
    announce("Indexing started.");
    try {
      card.showReport(
        await followJob(job.id, (current) => card.showProgress(current), this.controller.signal),
      );
      announce(card.text);
      document.dispatchEvent(new Event("gallery-changed"));
      this.showInfo();
    } catch (error) {
      if (!api.isAbort(error)) card.showError(error);
    }
  }
}

function folderItem({ path, online, reason }) {
  const warning = online
    ? null
    : el(
        "span",
        { class: "offline" },
        ` is unavailable: ${reason}. Its pictures stay in your gallery.`,
      );
  const href = `${ROOT}/browse?${new URLSearchParams({ folder: path })}`;
  return el(
    "li",
    {},
    icon("folder"),
    el("span", { class: "path" }, el("bdi", {}, path), warning),
    el("a", { class: "small", href, "aria-label": `Browse ${path}` }, "Browse"),
  );
}
