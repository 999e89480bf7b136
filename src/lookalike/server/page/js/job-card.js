// The card that shows an indexing job: its progress, then its report.
import * as api from "./api.js";
import { button } from "./buttons.js";
import { el, setStyle } from "./dom.js";
import { countedKinds, formatDuration, formatNumber } from "./format.js";
import { errorMessage, notify } from "./notifications.js";

const FINISHED_TITLES = {
  done: "Indexing finished",
  failed: "Indexing failed",
  cancelled: "Indexing stopped",
};
const REPORT_COUNTS = ["added", "updated", "moved", "unchanged", "refused"];

export class JobCard {
  constructor(job) {
    this.id = job.id;
    this.fill = el("i");
    this.bar = el(
      "div",
      {
        class: "progress",
        role: "progressbar",
        "aria-label": "Indexing",
        "aria-valuemin": "0",
        "aria-valuemax": "100",
      },
      this.fill,
    );
    this.title = el("h2", {}, "Indexing");
    this.facts = el("p", { class: "job-facts" });
    this.stopButton = button("Stop", () => this.cancel());
    this.node = el(
      "section",
      { class: "job", "aria-label": "Indexing" },
      el("div", { class: "job-head" }, this.title, this.stopButton),
      this.bar,
      this.facts,
    );
  }

  showProgress({ progress, state }) {
    if (!progress) return;
    const {
      todo,
      done,
      listed,
      listing,
      optimizing,
      rate,
      refused,
      seconds_left: secondsLeft,
    } = progress;
    const percent = todo ? (100 * done) / todo : 0;
    const isIndeterminate = (listing || optimizing || !todo) && !percent;
    this.bar.toggleAttribute("data-indeterminate", isIndeterminate);
    setStyle(this.fill, { width: isIndeterminate ? "" : `${percent}%` });
    this.bar.setAttribute("aria-valuenow", String(Math.round(percent)));
    this.title.textContent =
      state === "queued"
        ? "Waiting to start"
        : optimizing
          ? "Updating the search index"
          : "Indexing";
    const fact = (value, text) => el("span", {}, el("b", {}, value), ` ${text}`);
    const facts = [
      fact(`${formatNumber(done)} of ${formatNumber(todo)}${listing ? "+" : ""}`, "new pictures"),
      rate && fact(formatNumber(rate), "pictures/s"),
      secondsLeft !== null &&
        secondsLeft !== undefined &&
        fact(formatDuration(secondsLeft), "left"),
      refused && fact(formatNumber(refused), "refused"),
      fact(formatNumber(listed), listed === 1 ? "file found" : "files found"),
    ];
    this.facts.replaceChildren(...facts.filter(Boolean));
  }

  async cancel() {
    this.stopButton.disabled = true;
    try {
      await api.cancelJob(this.id);
    } catch (error) {
      this.stopButton.disabled = false;
      notify(error.message, { error: true });
    }
  }

  showReport({ state, report, error }) {
    this.stopButton.remove();
    this.bar.remove();
    this.title.textContent = FINISHED_TITLES[state];
    if (state === "failed") this.facts.textContent = failureOf(error);
    else if (report)
      this.facts.replaceChildren(...reportFacts(report).map((text) => el("span", {}, text)));
    else
      this.facts.textContent = "Pictures indexed so far are kept. Check for changes to continue.";
  }

  showError(error) {
    this.node.append(errorMessage(error));
  }

  /** The report in one line, for screen readers. */
  get text() {
    const facts = [...this.facts.children].map((fact) => fact.textContent);
    return `${this.title.textContent}: ${facts.join(", ") || this.facts.textContent}`;
  }
}

const failureOf = (error) =>
  (typeof error === "string" ? error : error?.detail) ??
  "The reason is unknown. See the server's log.";

function reportFacts(report) {
  const facts = REPORT_COUNTS.filter((name) => report[name]).map(
    (name) => `${formatNumber(report[name])} ${name}`,
  );
  const kinds = countedKinds(report.unsupported);
  return [
    ...(facts.length ? facts : ["No pictures found"]),
    ...(report.nulls
      ? [`${formatNumber(report.nulls)} with numbers in their metadata that were taken as null`]
      : []),
    ...(kinds ? [`can't be read yet: ${kinds}`] : []),
    `in ${formatDuration(report.seconds)}`,
  ];
}
