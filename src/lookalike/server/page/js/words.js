// Figures in words, the same everywhere on the page.

const whole = new Intl.NumberFormat("en");
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

export const number = (value) => whole.format(Math.round(value));

export const count = (value, one, many) => `${number(value)} ${value === 1 ? one : many}`;

export const percent = (share) => `${Math.round(share * 100)}%`;

export const score = (value) => value.toFixed(2);

export function size(bytes) {
  let value = bytes;
  for (const unit of ["bytes", "KB", "MB", "GB"]) {
    if (value < 1000) return `${unit === "bytes" || value >= 100 ? Math.round(value) : value.toFixed(1)} ${unit}`;
    value /= 1000;
  }
  return `${value.toFixed(1)} TB`;
}

export const took = (ms) => (ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`);

export function duration(seconds) {
  const rounded = Math.max(0, Math.round(seconds));
  if (rounded < 60) return `${rounded} s`;
  const minutes = Math.floor(rounded / 60);
  if (minutes < 60) return `${minutes} min ${rounded % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const date = (iso) => {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? "" : day.format(time);
};

export const measures = (picture) => `${picture.width} × ${picture.height}`;

export const fileName = (path) => path.split(/[\\/]/).pop();

export const folderOf = (path) => path.slice(0, Math.max(0, path.length - fileName(path).length - 1));

export const KINDS = { exact: "The same", copy: "Copy", near: "Near", similar: "Similar" };

/** A figure and its sign stay on one line. */
export const tied = (text) => text.replaceAll(" %", "\u00a0%");

/** What was done to a found picture to get the query, or what kind of hit it is where nothing was. */
export function doneTo(hit) {
  if (hit.changes?.length) return tied(hit.changes.join(", "));
  return { exact: "the same picture", copy: "saved anew", near: "another picture of the same", similar: "looks like it" }[hit.kind];
}
