// Applies the saved theme before the first paint, so that the other one never flashes up.
"use strict";
try {
  const theme = localStorage.getItem("lookalike-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is blocked: the system's theme applies.
}
