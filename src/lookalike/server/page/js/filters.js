// Which pictures are looked at: folder, label, size, date. They stand in the address.
import { debounced, el } from "./dom.js";
import { info } from "./gallery.js";

const TYPED_MS = 350;
const FIELDS = ["folder", "label", "side", "bytes", "after", "until"];

/** Parameters that go on from one search to the next. */
export const CARRIED = ["min", ...FIELDS];

const SIDES = [["", "Any"], ["640", "640 pixels and more"], ["1024", "1,024 pixels and more"], ["2048", "2,048 pixels and more"], ["4000", "4,000 pixels and more"]];
const BYTES = [["", "Any"], ["50000", "50 KB and more"], ["500000", "500 KB and more"], ["2000000", "2 MB and more"], ["10000000", "10 MB and more"]];

/** The filter as the service takes it, or undefined where there is none. */
export function filterOf(params) {
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
  const given = Object.fromEntries(Object.entries(filter).filter(([, set]) => set !== undefined));
  return Object.keys(given).length ? given : undefined;
}

/** A day chosen as the last one is meant whole; the service wants the first moment that is too late. */
function dayAfter(day) {
  const time = new Date(`${day}T00:00:00Z`);
  if (!day || Number.isNaN(time.getTime())) return undefined;
  time.setUTCDate(time.getUTCDate() + 1);
  return time.toISOString().slice(0, 10);
}

export const howMany = (params) => FIELDS.filter((name) => params.get(name)).length;

/** The fields; `changed` gets parameters with what was set. */
export function filterForm(params, changed) {
  const choose = (name, options) =>
    el("select", { class: "input", name }, options.map(([value, text]) => el("option", { value, selected: (params.get(name) ?? "") === value }, text)));
  const type = (name, kind, extra = {}) => el("input", { class: "input", name, type: kind, value: params.get(name) ?? "", autocomplete: "off", ...extra });
  const labels = el("datalist", { id: "known-labels" });
  const folders = el("datalist", { id: "known-folders" });
  const field = (text, input) => el("label", { class: "field" }, el("span", {}, text), input);
  const clear = el("button", { class: "button quiet small", type: "button" }, "Clear filters");
  const form = el(
    "form",
    { class: "filter-fields", "aria-label": "Filters" },
    field("Label (the folder's name)", type("label", "text", { list: "known-labels", placeholder: "any" })),
    field("In the folder", type("folder", "text", { list: "known-folders", placeholder: "all of them" })),
    field("Each side", choose("side", SIDES)),
    field("File", choose("bytes", BYTES)),
    el("div", { class: "two" }, field("Changed from", type("after", "date")), field("to", type("until", "date"))),
    el("div", {}, clear),
    labels,
    folders,
  );
  const read = () => {
    const next = new URLSearchParams();
    for (const name of FIELDS) {
      const value = form.elements[name].value.trim();
      if (value) next.set(name, value);
    }
    clear.hidden = !howMany(next);
    return next;
  };
  const tell = () => changed(read());
  const soon = debounced(TYPED_MS, tell);
  form.addEventListener("input", (event) => (event.target.type === "text" ? soon() : tell()));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    soon.cancel();
    tell();
  });
  clear.addEventListener("click", () => {
    for (const name of FIELDS) form.elements[name].value = "";
    form.elements.label.focus();
    tell();
  });
  clear.hidden = !howMany(params);
  info().then((known) => {
    labels.append(...(known?.labels ?? []).map((value) => el("option", { value })));
    folders.append(...(known?.roots ?? []).map((root) => el("option", { value: root.path })));
  });
  return form;
}

/** Put set filters into parameters, in place of those that were there. */
export function withFilters(params, filters) {
  const next = new URLSearchParams(params);
  for (const name of FIELDS) {
    if (filters.get(name)) next.set(name, filters.get(name));
    else next.delete(name);
  }
  return next;
}
