// Follows background jobs of the server by server-sent events, or by polling where those fail.
import * as api from "./api.js";

const POLL_MS = 1_000;
const FINISHED = new Set(["done", "failed", "cancelled"]);

export const isFinished = (job) => FINISHED.has(job.state);

/** `onUpdate` gets the job at each change; resolves to the finished job. */
export function followJob(id, onUpdate, signal) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(api.eventsUrl(id));
    signal?.addEventListener(
      "abort",
      () => {
        source.close();
        reject(new DOMException("Aborted", "AbortError"));
      },
      { once: true },
    );
    const onEvent = (event) => {
      const job = JSON.parse(event.data);
      onUpdate(job);
      if (!isFinished(job)) return;
      source.close();
      resolve(job);
    };
    source.addEventListener("progress", onEvent);
    source.addEventListener("done", onEvent);
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return; // it reconnects by itself
      pollJob(id, onUpdate, signal).then(resolve, reject);
    });
  });
}

/** The report of a job, once it is done; `fallback` is the message if it fails for no reason. */
export async function reportOf(id, onUpdate, signal, fallback) {
  const job = await followJob(id, onUpdate, signal);
  if (job.state !== "done") throw new Error(job.error?.detail ?? fallback);
  return job.report;
}

/**
 * Call `request(refresh)`, and once more after each job that it waits for, until it has a result.
 * `fallback` is the message for a failed job that gives no reason.
 */
export async function waitForResult(request, refresh, onProgress, signal, fallback) {
  let result = await request(refresh);
  while (result.status === "running") {
    const job = await followJob(result.job, onProgress, signal);
    if (job.state === "failed") throw new Error(job.error?.detail ?? job.error ?? fallback);
    result = await request(false);
  }
  return result;
}

async function pollJob(id, onUpdate, signal) {
  for (;;) {
    const job = await api.job(id, signal);
    onUpdate(job);
    if (isFinished(job)) return job;
    await api.sleep(POLL_MS, signal);
  }
}
