// Filters by folder, label, size and date, kept in the URL.
import { button } from "./buttons.js";
import { debounce, el } from "./dom.js";
import { fetchInfo } from "./gallery-info.js";

const TYPING_MS = 350;
const FIELDS = ["folder", "label", "side", "bytes", "after", "until"];

/** URL parameters that stay set from one search to the next. */
export const PERSISTENT_PARAMS = ["min", ...FIELDS];

const SIDES = [
  ["", "Any"],
  ["640", "At least 640 pixels"],
  ["1024", "At least 1,024 pixels"],
  ["2048", "At least 2,048 pixels"],
  ["4000", "At least 4,000 pixels"],
];
const FILE_SIZES = [
  ["", "Any"],
  ["50000", "At least 50 KB"],
  ["500000", "At least 500 KB"],
  ["2000000", "At least 2 MB"],
  ["10000000", "At least 10 MB"],
];

/** The filter in the service's terms, or undefined where none is set. */
export function filterFrom(params) {
  const value = (name) => params.get(name) || undefined;
  const side = Number(value("side")) || undefined;
  const filter = {
    folder: value("folder"),
    label: value("label"),
    min_width: side,
    min_height: side,
    min_bytes: Number(value("bytes")) || undefined,
    after: value("after"),
    before: dayAfter(value("until")),
  };
  const set = Object.entries(filter).filter(([, setting]) => setting !== undefined);
  return set.length ? Object.fromEntries(set) : undefined;
}

/** The last day is included; the service takes the first moment that is not. */
function dayAfter(day) {
  const time = new Date(`${day}T00:00:00Z`);
  if (!day || Number.isNaN(time.getTime())) return undefined;
  time.setUTCDate(time.getUTCDate() + 1);
  return time.toISOString().slice(0, 10);
}

/** How many filters are set. */
export const activeFilters = (params) => FIELDS.filter((name) => params.get(name)).length;

/** The form; `onChange` gets parameters with the filters that are set. */
export function filterForm(params, onChange) {
  const select = (name, options) => {
    const isSelected = (value) => (params.get(name) ?? "") === value;
    return el(
      "select",
      { class: "input", name },
      options.map(([value, text]) => el("option", { value, selected: isSelected(value) }, text)),
    );
  };
  const input = (name, type, extra = {}) =>
    el("input", {
      class: "input",
      name,
      type,
      value: params.get(name) ?? "",
      autocomplete: "off",
      ...extra,
    });
  const field = (text, control) => el("label", { class: "field" }, el("span", {}, text), control);
  const labels = el("datalist", { id: "known-labels" });
  const folders = el("datalist", { id: "known-folders" });
  const clear = button("Clear filters", null, { style: "quiet small" });
  const form = el(
    "form",
    { class: "filter-fields", "aria-label": "Filters" },
    field(
      "Label (folder name)",
      input("label", "text", { list: "known-labels", placeholder: "Any" }),
    ),
    field("Folder", input("folder", "text", { list: "known-folders", placeholder: "Any" })),
    field("Width and height", select("side", SIDES)),
    field("File size", select("bytes", FILE_SIZES)),
    el(
      "div",
      { class: "date-range" },
      field("Modified from", input("after", "date")),
      field("Modified to", input("until", "date")),
    ),
    el("div", {}, clear),
    labels,
    folders,
  );
  const read = () => {
    const filters = new URLSearchParams();
    for (const name of FIELDS) {
      const value = form.elements[name].value.trim();
      if (value) filters.set(name, value);
    }
    clear.hidden = !activeFilters(filters);
    return filters;
  };
  const apply = () => onChange(read());
  const applySoon = debounce(TYPING_MS, apply);
  form.addEventListener("input", (event) => (event.target.type === "text" ? applySoon() : apply()));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    applySoon.cancel();
    apply();
  });
  clear.addEventListener("click", () => {
    for (const name of FIELDS) form.elements[name].value = "";
    form.elements.label.focus();
    apply();
  });
  clear.hidden = !activeFilters(params);
  fetchInfo().then((info) => {
    labels.append(...(info?.labels ?? []).map((value) => el("option", { value })));
    folders.append(...(info?.roots ?? []).map((root) => el("option", { value: root.path })));
  });
  return form;
}

/** Copy parameters with other filters in place of theirs. */
export function withFilters(params, filters) {
  const next = new URLSearchParams(params);
  for (const name of FIELDS) {
    if (filters.get(name)) next.set(name, filters.get(name));
    else next.delete(name);
  }
  return next;
}
