// Whether the server answers. Where it does not, the page says so once and looks for it until it is back.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;

let returning = null;

/** Tell that a request got no answer. */
export function lost() {
  if (returning) return;
  const banner = document.getElementById("connection");
  banner.textContent = "The server does not answer. Start it again with `lookalike serve`; this page goes on by itself.";
  banner.hidden = false;
  returning = look().then(() => {
    banner.hidden = true;
    banner.textContent = "";
    returning = null;
    document.dispatchEvent(new Event("server-back"));
  });
}

async function look() {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(LONGEST_WAIT_MS, wait * 2)) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    try {
      const response = await fetch("/healthz", { cache: "no-store" });
      if (response.ok) return;
    } catch {
      // still gone
    }
  }
}

/** Wait until it answers again. */
export function back(signal) {
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(new DOMException("Aborted", "AbortError")), { once: true });
    (returning ?? Promise.resolve()).then(resolve);
  });
}
