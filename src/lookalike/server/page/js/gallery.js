// What is known of the gallery as a whole: asked for once, and again when something has changed it.
import * as api from "./api.js";

let asked = null;
let known = null;

/** The answer of /info, or null where it could not be had. */
export function info({ anew = false } = {}) {
  if (anew || !asked) {
    asked = api.info().then(
      (answer) => {
        known = answer;
        return answer;
      },
      () => {
        asked = null;
        return null;
      },
    );
  }
  return asked;
}

/** What is known now, without waiting. */
export const lastInfo = () => known;
