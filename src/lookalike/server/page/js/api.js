// The service, one function for each route. Every failure is a Problem that has a sentence to show.
import * as connection from "./connection.js";
import { askForToken } from "./token.js";

const BASE = "/api/v1";
const MOST_WAITS = 4; // for a busy server, before its refusal is shown
const DEFAULT_WAIT_S = 1;

export class Problem extends Error {
  constructor({ status = 0, code = "", title = "", detail = "" }) {
    super(detail || title || "Something went wrong. Try again.");
    this.status = status;
    this.code = code;
  }

  /** Whether the server simply has no such route yet. */
  get missing() {
    return this.status === 501 || this.code === "no_such_route" || (this.status === 404 && !this.code);
  }
}

export const wasAborted = (error) => error?.name === "AbortError";

/**
 * Ask the service. A lost server is waited for and asked again, unless `again` is false because
 * asking twice could do something twice.
 */
async function call(path, { method = "GET", json, form, signal, query, again = true, raw = false } = {}) {
  const url = new URL(BASE + path, location.origin);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, value);
  }
  const headers = { Accept: "application/json" };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  for (let waits = 0; ; ) {
    let response;
    try {
      response = await fetch(url, { method, headers, body: form ?? (json === undefined ? undefined : JSON.stringify(json)), signal });
    } catch (error) {
      if (wasAborted(error)) throw error;
      connection.lost();
      if (!again) throw new Problem({ code: "offline", detail: "The server does not answer. Nothing was changed, as far as is known; try again when it is back." });
      await connection.back(signal);
      continue;
    }
    if (response.ok) {
      if (raw) return response.arrayBuffer();
      return response.status === 204 ? null : response.json();
    }
    const problem = await problemOf(response);
    if (response.status === 401 && problem.code === "token_needed") {
      await askForToken(signal);
      continue;
    }
    if (response.status === 503 && waits < MOST_WAITS) {
      waits += 1;
      await pause((Number(response.headers.get("Retry-After")) || DEFAULT_WAIT_S) * 1000, signal);
      continue;
    }
    throw problem;
  }
}

async function problemOf(response) {
  let said = {};
  try {
    said = await response.json();
  } catch {
    // a proxy's page, or nothing at all
  }
  const detail = typeof said.detail === "string" ? said.detail : "";
  const ours = (response.headers.get("Content-Type") ?? "").startsWith("application/problem+json");
  return new Problem({
    status: response.status,
    code: ours ? said.code : "",
    title: said.title || `The server answered ${response.status}.`,
    detail: ours ? detail : "",
  });
}

export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("Aborted", "AbortError"));
    }, { once: true });
  });
}

/** `what` is {file}, {url} or {query}; `options` are the fields of a search. */
export function search(what, options, signal) {
  const fields = Object.entries(options).filter(([, value]) => value !== undefined && value !== null && value !== "");
  if (!what.file) return call("/search", { method: "POST", json: { ...what, ...Object.fromEntries(fields) }, signal });
  const form = new FormData();
  form.append("image", what.file, what.file.name || "pasted picture");
  for (const [name, value] of fields) form.append(name, typeof value === "object" ? JSON.stringify(value) : String(value));
  return call("/search", { method: "POST", form, signal });
}

export const pictures = (query, signal) =>
  call("/pictures", { query: { ...query, filter: query.filter && JSON.stringify(query.filter) }, signal });
export const compare = (query, target, signal) => call("/compare", { method: "POST", json: { query, target }, signal });
export const duplicates = (kind, refresh, signal) => call("/duplicates", { query: { kind, refresh: refresh || undefined }, signal });
export const trash = (kind, paths) => call("/duplicates/trash", { method: "POST", json: { kind, paths }, again: false });
export const map = (refresh, signal) => call("/map", { query: { refresh: refresh || undefined }, signal });
export const mapPoints = (signal) => call("/map/points", { signal, raw: true });
export const mapLabels = (signal) => call("/map/labels", { signal });
export const picture = (id, signal) => call(`/pictures/${id}`, { signal });
export const reveal = (id) => call(`/pictures/${id}/reveal`, { method: "POST", again: false });
export const startIndex = (paths) => call("/index", { method: "POST", json: { paths }, again: false });
export const jobs = (signal) => call("/jobs", { signal });
export const job = (id, signal) => call(`/jobs/${id}`, { signal });
export const cancelJob = (id) => call(`/jobs/${id}`, { method: "DELETE" });
export const info = (signal) => call("/info", { signal });

export const eventsUrl = (id) => `${BASE}/jobs/${id}/events`;
export const fileUrl = (id) => `${BASE}/pictures/${id}/file`;
export const thumbnailUrl = (id, size) => `${BASE}/pictures/${id}/thumbnail?size=${size}`;
export const queryThumbnailUrl = (id, size) => `${BASE}/queries/${id}/thumbnail?size=${size}`;
export const queryImageUrl = (id) => `${BASE}/queries/${id}/image`;
