// The gallery's /info: fetched once, and again after a change.
import * as api from "./api.js";

let request = null;
let latest = null;

/** The response of /info, or null if the request failed. */
export function fetchInfo({ refresh = false } = {}) {
  if (refresh || !request) {
    request = api.info().then(
      (info) => {
        latest = info;
        return info;
      },
      () => {
        request = null;
        return null;
      },
    );
  }
  return request;
}

/** The last response, without waiting; null before the first one. */
export const cachedInfo = () => latest;
