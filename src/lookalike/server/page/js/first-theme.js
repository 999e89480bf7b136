// Before anything is painted, so that a chosen theme never flashes in the other one's colours.
"use strict";
try {
  const theme = localStorage.getItem("lookalike-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // storage may be forbidden; the system's theme then holds
}
