// How the page writes numbers, sizes, durations, paths and kinds of matches.

const integer = new Intl.NumberFormat("en");

export const formatNumber = (value) => integer.format(Math.round(value));

/** "1 picture", "2 pictures": `plural` is needed where it is not `singular` + "s". */
export const countOf = (value, singular, plural = `${singular}s`) =>
  `${formatNumber(value)} ${value === 1 ? singular : plural}`;

/** "2 NEF, 1 PDF". */
export const countedKinds = (kinds = {}) =>
  Object.entries(kinds)
    .map(([kind, count]) => `${formatNumber(count)} ${kind}`)
    .join(", ");

export const formatPercent = (share) => `${Math.round(share * 100)}%`;

export const formatScore = (value) => value.toFixed(2);

export function formatSize(bytes) {
  if (bytes < 1000) return countOf(bytes, "byte");
  let value = bytes;
  for (const unit of ["KB", "MB", "GB"]) {
    value /= 1000;
    if (value < 1000) return `${value >= 100 ? Math.round(value) : value.toFixed(1)} ${unit}`;
  }
  return `${(value / 1000).toFixed(1)} TB`;
}

export const formatElapsed = (ms) =>
  ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;

export function formatDuration(seconds) {
  const rounded = Math.max(0, Math.round(seconds));
  if (rounded < 60) return `${rounded} s`;
  const minutes = Math.floor(rounded / 60);
  if (minutes < 60) return `${minutes} min ${rounded % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const dimensions = (picture) => `${picture.width} × ${picture.height}`;

export const fileName = (path) => path.split(/[\\/]/).pop();

export const folderName = (path) =>
  path.slice(0, Math.max(0, path.length - fileName(path).length - 1));

/** The paths of a picture's files; those with the same bytes are one picture. */
export const pathsOf = ({ places, paths, path }) =>
  places?.map((place) => place.path) ?? paths ?? [path];

/** "and 2 more files", or an empty text. */
export function describeMoreFiles(picture) {
  const others = pathsOf(picture).length - 1;
  return others > 0 ? `and ${countOf(others, "more file")}` : "";
}

export const KIND_LABELS = {
  exact: "Identical",
  copy: "Copy",
  near: "Similar shot",
  similar: "Similar",
};

const UNCHANGED = {
  exact: "the same picture",
  copy: "re-saved",
  near: "another shot of the same thing",
  similar: "looks similar",
};

/** What was done to a hit to get the query, or what kind of hit it is where nothing was. */
export const describeChanges = (hit) => hit.changes?.join(", ") || UNCHANGED[hit.kind];
