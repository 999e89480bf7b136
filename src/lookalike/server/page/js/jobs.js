// A job of the server, followed as it goes: by its events, or by asking where those do not come.
import * as api from "./api.js";

const ASK_EVERY_MS = 1_000;
const OVER = new Set(["done", "failed", "cancelled"]);

export const isOver = (job) => OVER.has(job.state);

/** `seen` gets the job each time it changes; resolves with it once it is over. */
export function follow(id, seen, signal) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(api.eventsUrl(id));
    const stop = () => source.close();
    signal?.addEventListener("abort", () => {
      stop();
      reject(new DOMException("Aborted", "AbortError"));
    }, { once: true });
    const take = (event) => {
      const job = JSON.parse(event.data);
      seen(job);
      if (!isOver(job)) return;
      stop();
      resolve(job);
    };
    source.addEventListener("progress", take);
    source.addEventListener("done", take);
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return; // it connects again by itself
      stop();
      poll(id, seen, signal).then(resolve, reject);
    });
  });
}

/** What `ask(refresh)` answers once the job is over that it waits for; `failed` is said where that has no words. */
export async function answered(ask, refresh, seen, signal, failed) {
  let answer = await ask(refresh);
  while (answer.status === "running") {
    const last = await follow(answer.job, seen, signal);
    if (last.state === "failed") throw new Error(last.error?.detail ?? last.error ?? failed);
    answer = await ask(false);
  }
  return answer;
}

async function poll(id, seen, signal) {
  for (;;) {
    const job = await api.job(id, signal);
    seen(job);
    if (isOver(job)) return job;
    await api.pause(ASK_EVERY_MS, signal);
  }
}
