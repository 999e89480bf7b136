// Whether the server responds. While it does not, a banner says so and the page polls it.
import { ROOT } from "./root.js";

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 8_000;

let reconnecting = null;

/** Report that a request got no response. */
export function reportLost() {
  if (reconnecting) return;
  const banner = document.getElementById("connection");
  banner.textContent =
    "The server is not responding. Start it with `lookalike serve`; this page reconnects by itself.";
  banner.hidden = false;
  reconnecting = pollUntilOnline().then(() => {
    banner.hidden = true;
    banner.textContent = "";
    reconnecting = null;
    document.dispatchEvent(new Event("server-back"));
  });
}

async function pollUntilOnline() {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(MAX_WAIT_MS, wait * 2)) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    try {
      const response = await fetch(`${ROOT}/healthz`, { cache: "no-store" });
      if (response.ok) return;
    } catch {
      // Still offline.
    }
  }
}

/** Wait until the server responds again. */
export function untilOnline(signal) {
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(new DOMException("Aborted", "AbortError")), {
      once: true,
    });
    (reconnecting ?? Promise.resolve()).then(resolve);
  });
}
