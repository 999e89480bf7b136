// The server's token, asked for once: the server then knows this browser by a cookie that no script can read.
import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";

let asking = null;

/** Ask until a token is right; all requests that need one wait for the same dialog. */
export function askForToken() {
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}

function ask() {
  return new Promise((resolve) => {
    const wrong = el("p", { class: "message bad", role: "alert", hidden: true });
    const input = el("input", { class: "input", type: "password", name: "token", required: true, autocomplete: "current-password", autofocus: true });
    const form = el(
      "form",
      { method: "dialog", class: "dialog-form" },
      el("p", { class: "faint" }, "This server is shared and asks for its token. Whoever started it has it: it was printed there, or given with --token."),
      el("label", { class: "field" }, el("span", {}, "Token"), input),
      wrong,
      el("div", { class: "dialog-foot" }, el("button", { class: "button first" }, "Go on")),
    );
    const dialog = openDialog({ title: "Which token?", name: "token", closable: false }, form);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const response = await fetch("/api/v1/session", {
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
        wrong.textContent = response.status === 429 ? "Too many tries. Wait a minute, then try again." : "That is not the token. Try again.";
      } catch {
        wrong.textContent = "The server does not answer. Try again.";
      }
      wrong.hidden = false;
      input.select();
    });
  });
}
