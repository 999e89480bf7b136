// Asks once for the server's token. The server then sets a cookie that scripts cannot read.
import { openDialog } from "./dialog.js";
import { el } from "./dom.js";
import { ROOT } from "./root.js";

let pending = null;

/** Ask until the token is right; all requests that need one wait for the same dialog. */
export function requestToken() {
  pending ??= showDialog().finally(() => {
    pending = null;
  });
  return pending;
}

function showDialog() {
  return new Promise((resolve) => {
    const error = el("p", { class: "message error", role: "alert", hidden: true });
    const input = el("input", {
      class: "input",
      type: "password",
      name: "token",
      required: true,
      autocomplete: "current-password",
      autofocus: true,
    });
    const form = el(
      "form",
      { method: "dialog" },
      el(
        "p",
        { class: "muted" },
        "This server is shared and needs a token. Whoever started it has the token: it was printed " +
          "there or set with ",
        el("code", {}, "--token"),
        ".",
      ),
      el("label", { class: "field" }, el("span", {}, "Token"), input),
      error,
      el("div", { class: "dialog-foot" }, el("button", { class: "button primary" }, "Continue")),
    );
    const dialog = openDialog({ title: "Enter the token", name: "token", closable: false }, form);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const response = await fetch(`${ROOT}/api/v1/session`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ token: input.value }),
        });
        if (response.ok) {
          dialog.close();
          document.dispatchEvent(new Event("token-accepted"));
          resolve();
          return;
        }
        error.textContent =
          response.status === 429
            ? "Too many attempts. Wait a minute, then try again."
            : "That token is wrong. Try again.";
      } catch {
        error.textContent = "The server is not responding. Try again.";
      }
      error.hidden = false;
      input.select();
    });
  });
}
