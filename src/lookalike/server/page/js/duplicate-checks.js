// Checks which duplicates may go: the groups in view, in batches, one job after the other.
import * as api from "./api.js";
import { reportOf } from "./jobs.js";

const GROUPS_PER_BATCH = 20;
const IN_VIEW_MARGIN = "300px";
const FAILURE = "Couldn't check which files can be moved. Refresh to try again.";

export const isUnchecked = ({ members }) => members.some(({ state }) => state === "unchecked");

export class DuplicateChecks {
  /**
   * `onProgress` gets the share that is done, `onChecked` the groups with their verdicts; both may
   * come several times. `onEnd` gets the error, if one stopped the checks.
   */
  constructor(kind, signal, { onProgress, onChecked, onEnd }) {
    Object.assign(this, { kind, signal, onProgress, onChecked, onEnd });
    this.groups = new WeakMap(); // card -> group
    this.seen = new Set(); // paths of the kept files of groups that are, or were, to be checked
    this.queue = [];
    this.done = 0;
    this.total = 0;
    this.isRunning = false;
    this.observer = new IntersectionObserver(
      (entries) => {
        const visible = entries.filter((entry) => entry.isIntersecting);
        for (const { target } of visible) this.observer.unobserve(target);
        this.add(visible.map(({ target }) => this.groups.get(target)));
      },
      { rootMargin: IN_VIEW_MARGIN },
    );
    signal.addEventListener("abort", () => this.observer.disconnect(), { once: true });
  }

  /** Check a group once its card comes into view. */
  watch(card, group) {
    this.groups.set(card, group);
    this.observer.observe(card);
  }

  /** Check groups, if they are not checked yet. */
  add(groups) {
    const isNew = (group) => isUnchecked(group) && !this.seen.has(group.best.path);
    for (const group of groups.filter(isNew)) {
      this.seen.add(group.best.path);
      this.queue.push(group);
      this.total += 1;
    }
    if (this.queue.length && !this.isRunning) this.run();
  }

  async run() {
    this.isRunning = true;
    let failure = null;
    try {
      while (this.queue.length) {
        await this.check(this.queue.splice(0, GROUPS_PER_BATCH));
      }
    } catch (error) {
      if (api.isAbort(error)) return;
      failure = error;
      this.queue = [];
    }
    this.isRunning = false;
    this.done = this.total = 0;
    this.onEnd(failure);
  }

  async check(batch) {
    const paths = batch.flatMap(({ members }) => members.map(({ path }) => path));
    const onUpdate = ({ progress }) => {
      const share = progress?.todo ? progress.done / progress.todo : 0;
      this.onProgress((this.done + share * batch.length) / this.total);
    };
    onUpdate({});
    const job = await api.checkDuplicates(this.kind, paths);
    await reportOf(job.id, onUpdate, this.signal, FAILURE);
    this.done += batch.length;
    const { groups = [] } = await api.duplicates(this.kind, false, this.signal);
    const kept = new Set(batch.map(({ best }) => best.path));
    this.onChecked(groups.filter(({ best }) => kept.has(best.path)));
  }
}
