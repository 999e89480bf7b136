// The REST service, one function for each route. Failures are ApiErrors with a message to show.
import { reportLost, untilOnline } from "./connection.js";
import { ROOT } from "./root.js";
import { requestToken } from "./token-dialog.js";

const BASE = `${ROOT}/api/v1`;
const MAX_BUSY_RETRIES = 4; // while the server is busy, before its refusal is shown
const DEFAULT_RETRY_S = 1;

export class ApiError extends Error {
  constructor({ status = 0, code = "", title = "", detail = "" }) {
    super(detail || title || "Something went wrong. Try again.");
    this.status = status;
    this.code = code;
  }

  /** Whether the server does not have this route. */
  get isMissingRoute() {
    return (
      this.status === 501 || this.code === "no_such_route" || (this.status === 404 && !this.code)
    );
  }
}

export const isAbort = (error) => error?.name === "AbortError";

const isSet = (value) => value !== undefined && value !== null && value !== "";

/**
 * Send a request. While the server is unreachable, wait and repeat it, unless `repeatable` is false
 * because doing it twice could do harm.
 */
async function call(
  path,
  { method = "GET", json, form, signal, query, repeatable = true, raw = false } = {},
) {
  const url = new URL(BASE + path, location.origin);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (isSet(value)) url.searchParams.set(name, value);
  }
  const headers = { Accept: "application/json" };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  const body = form ?? (json === undefined ? undefined : JSON.stringify(json));
  for (let retries = 0; ;) {
    let response;
    try {
      response = await fetch(url, { method, headers, body, signal });
    } catch (error) {
      if (isAbort(error)) throw error;
      reportLost();
      if (!repeatable) {
        const detail =
          "The server stopped responding, so this may not have been done. Check when it is back.";
        throw new ApiError({ code: "offline", detail });
      }
      await untilOnline(signal);
      continue;
    }
    if (response.ok) {
      if (raw) return response.arrayBuffer();
      return response.status === 204 ? null : response.json();
    }
    const error = await errorOf(response);
    if (response.status === 401 && error.code === "token_needed") {
      await requestToken();
      continue;
    }
    if (response.status === 503 && retries < MAX_BUSY_RETRIES) {
      retries += 1;
      await sleep((Number(response.headers.get("Retry-After")) || DEFAULT_RETRY_S) * 1000, signal);
      continue;
    }
    throw error;
  }
}

async function errorOf(response) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    // Not JSON: a proxy's error page, or an empty body.
  }
  const isProblem = (response.headers.get("Content-Type") ?? "").startsWith(
    "application/problem+json",
  );
  return new ApiError({
    status: response.status,
    code: isProblem ? body.code : "",
    title: body.title || `The server returned an error (${response.status}).`,
    detail: isProblem && typeof body.detail === "string" ? body.detail : "",
  });
}

export function sleep(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(new DOMException("Aborted", "AbortError"));
      },
      { once: true },
    );
  });
}

/** `input` is {file}, {url} or {query}; `options` are the fields of a search. */
export function search(input, options, signal) {
  const fields = Object.entries(options).filter(([, value]) => isSet(value));
  if (!input.file) {
    return call("/search", {
      method: "POST",
      json: { ...input, ...Object.fromEntries(fields) },
      signal,
    });
  }
  const form = new FormData();
  form.append("image", input.file, input.file.name || "pasted picture");
  for (const [name, value] of fields) {
    form.append(name, typeof value === "object" ? JSON.stringify(value) : String(value));
  }
  return call("/search", { method: "POST", form, signal });
}

export const pictures = (query, signal) =>
  call("/pictures", {
    query: { ...query, filter: query.filter && JSON.stringify(query.filter) },
    signal,
  });
export const compare = (query, target, signal) =>
  call("/compare", { method: "POST", json: { query, target }, signal });
export const duplicates = (kind, refresh, signal) =>
  call("/duplicates", { query: { kind, refresh: refresh || undefined }, signal });
export const checkDuplicates = (kind, paths) =>
  call("/duplicates/check", { method: "POST", json: { kind, paths } });
export const undoTrash = () =>
  call("/duplicates/undo", { method: "POST", json: {}, repeatable: false });
export const keepRules = (signal) => call("/duplicates/rules", { signal });
export const setKeepRules = (rules) => call("/duplicates/rules", { method: "PUT", json: rules });
export const markNotDuplicates = (pictures) =>
  call("/duplicates/not", { method: "POST", json: { pictures } });
export const forgetNotDuplicates = (pictures) =>
  call("/duplicates/not/forget", { method: "POST", json: { pictures } });
export const trash = (kind, paths) =>
  call("/duplicates/trash", { method: "POST", json: { kind, paths }, repeatable: false });
export const map = (refresh, signal) =>
  call("/map", { query: { refresh: refresh || undefined }, signal });
export const mapPoints = (signal) => call("/map/points", { signal, raw: true });
export const mapLabels = (signal) => call("/map/labels", { signal });
export const picture = (id, signal) => call(`/pictures/${id}`, { signal });
export const reveal = (id) => call(`/pictures/${id}/reveal`, { method: "POST", repeatable: false });
export const startIndex = (paths) =>
  call("/index", { method: "POST", json: { paths }, repeatable: false });
export const jobs = (signal) => call("/jobs", { signal });
export const job = (id, signal) => call(`/jobs/${id}`, { signal });
export const cancelJob = (id) => call(`/jobs/${id}`, { method: "DELETE" });
export const info = (signal) => call("/info", { signal });

export const eventsUrl = (id) => `${BASE}/jobs/${id}/events`;
export const fileUrl = (id) => `${BASE}/pictures/${id}/file`;
export const thumbnailUrl = (id, size) => `${BASE}/pictures/${id}/thumbnail?size=${size}`;
export const queryThumbnailUrl = (id, size) => `${BASE}/queries/${id}/thumbnail?size=${size}`;
export const queryImageUrl = (id) => `${BASE}/queries/${id}/image`;
