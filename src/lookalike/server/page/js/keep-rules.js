// The rules of which files are kept: what they say, and the dialog that changes them.
import * as api from "./api.js";
import { button } from "./buttons.js";
import { openDialog } from "./dialog.js";
import { el } from "./dom.js";
import { errorMessage } from "./notifications.js";

const ORDERS = [
  ["", "The one of best quality"],
  ["oldest", "The oldest"],
  ["newest", "The newest"],
  ["largest", "The largest"],
  ["path:", "Those whose path matches a pattern"],
];
const ORDER_SENTENCES = {
  oldest: "The oldest file is kept.",
  newest: "The newest file is kept.",
  largest: "The largest file is kept.",
};

/** The rules in force, in words. */
export function describeRules({ prefer, protect, keep }) {
  const sentences = [
    protect.length && `Protected, so nothing in it is moved: ${protect.join(", ")}.`,
    prefer.length && `Preferred: ${prefer.join(", then ")}.`,
    keep && (ORDER_SENTENCES[keep] ?? `Files that match ${keep.replace("path:", "")} are kept.`),
  ].filter(Boolean);
  if (!sentences.length) return "Of files that hold the same, the one of best quality is kept.";
  return `Of files that hold the same: ${sentences.join(" ")}`;
}

/** Edit the rules; `onSave` is called once they are saved. */
export function openRulesDialog(rules, onSave) {
  const prefer = foldersField("Preferred folders, the most important first", rules.prefer);
  const protect = foldersField("Protected folders, from which nothing is moved", rules.protect);
  const [order, glob] = rules.keep?.startsWith("path:")
    ? ["path:", rules.keep.slice("path:".length)]
    : [rules.keep ?? "", ""];
  const option = ([value, text]) => el("option", { value, selected: value === order }, text);
  const keep = el("select", { class: "input" }, ORDERS.map(option));
  const pattern = el("input", {
    class: "input",
    value: glob,
    placeholder: "*/originals/*",
    spellcheck: "false",
    autocomplete: "off",
  });
  const patternField = el("label", { class: "field" }, el("span", {}, "Pattern"), pattern);
  const showPattern = () => {
    patternField.hidden = keep.value !== "path:";
    pattern.required = !patternField.hidden;
  };
  keep.addEventListener("change", showPattern);
  showPattern();
  const message = el("div");
  const save = el("button", { class: "button primary" }, "Save and find again");
  const cancel = button("Cancel", () => dialog.close(), { style: "" });
  const form = el(
    "form",
    { class: "rules-form" },
    el(
      "p",
      { class: "muted small" },
      "These rules decide between files that hold the same. What a file holds more than the others " +
        "is never given up. Enter full paths, one on each line.",
    ),
    prefer.label,
    protect.label,
    el("label", { class: "field" }, el("span", {}, "Of the others keep"), keep),
    patternField,
    message,
    el("div", { class: "dialog-foot" }, cancel, save),
  );
  const dialog = openDialog({ title: "What is kept", name: "rules" }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    save.disabled = true;
    try {
      const isPattern = keep.value === "path:";
      await api.setKeepRules({
        prefer: prefer.folders(),
        protect: protect.folders(),
        keep: isPattern ? `path:${pattern.value.trim()}` : keep.value || null,
      });
      dialog.close();
      onSave();
    } catch (error) {
      message.replaceChildren(errorMessage(error));
      save.disabled = false;
    }
  });
}

function foldersField(text, folders) {
  const input = el("textarea", {
    class: "input",
    rows: String(Math.max(2, folders.length)),
    spellcheck: "false",
    placeholder: "/home/me/Pictures",
    value: folders.join("\n"),
  });
  const lines = () => input.value.split("\n").map((line) => line.trim());
  return {
    label: el("label", { class: "field" }, el("span", {}, text), input),
    folders: () => lines().filter(Boolean),
  };
}
