// Sorting, filtering and views. Without it every page still shows everything.
"use strict";

const root = document.documentElement;

// The theme: what the system prefers, until a reader chooses. Storage may be refused on file://.
function remembered(value) {
  try {
    if (value !== undefined) localStorage.setItem("bench-theme", value);
    return localStorage.getItem("bench-theme");
  } catch {
    return null;
  }
}

const chosen = remembered();
if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function setUpTheme() {
  const button = document.getElementById("theme");
  const label = () => (button.textContent = isDark() ? "Light" : "Dark");
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remembered(root.dataset.theme);
    label();
  });
  label();
}

// Tables: a header is a button; what has no number stays last either way.
function compare(a, b) {
  if (a === null || b === null) return a === b ? 0 : a === null ? Infinity : -Infinity;
  return typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
}

function sortBy(table, column, numbers) {
  const headers = table.tHead.rows[0].cells;
  const before = headers[column].getAttribute("aria-sort");
  const order = before ? (before === "ascending" ? "descending" : "ascending") : numbers ? "descending" : "ascending";
  for (const header of headers) header.removeAttribute("aria-sort");
  headers[column].setAttribute("aria-sort", order);
  const value = (row) => {
    const cell = row.cells[column];
    return numbers ? (cell.dataset.order === undefined ? null : Number(cell.dataset.order)) : cell.textContent;
  };
  const rows = [...table.tBodies[0].rows].map((row) => [value(row), row]);
  rows.sort(([a], [b]) => {
    const by = compare(a, b);
    return Number.isFinite(by) && order === "descending" ? -by : by;
  });
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

function setUpSorting() {
  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = header.textContent;
      header.replaceChildren(button);
      button.addEventListener("click", () => sortBy(table, column, header.classList.contains("num")));
    });
  }
}

function setUpTools() {
  const filter = document.getElementById("filter");
  if (!filter) return;
  const section = filter.closest("section");
  const columns = document.getElementById("columns");
  const shown = document.getElementById("shown");
  const rows = [...section.querySelectorAll("tbody tr")];
  const show = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
    const left = rows.filter((row) => !row.hidden).length;
    shown.textContent = words.length ? `${left} of ${rows.length} rows` : "";
    if (words.length) for (const older of section.querySelectorAll("details")) older.open = !!older.querySelector("tbody tr:not([hidden])");
  };
  const fold = () => section.classList.toggle("folded", !columns.checked);
  filter.addEventListener("input", show);
  columns.addEventListener("change", fold);
  section.querySelector(".tools").hidden = false;
  fold();
}

// A row that is pointed at is the same row in every figure.
function setUpHighlight() {
  const light = (name) => {
    for (const figure of document.querySelectorAll("figure")) figure.classList.toggle("dimmed", !!name && !!figure.querySelector(`[data-row="${name}"]`));
    for (const mark of document.querySelectorAll("[data-row]")) mark.classList.toggle("lit", mark.dataset.row === name);
  };
  for (const mark of document.querySelectorAll("[data-row]")) {
    mark.addEventListener("pointerenter", () => light(mark.dataset.row));
    mark.addEventListener("pointerleave", () => light(""));
  }
}

function setUpPaper() {
  const view = (chosen) => {
    root.classList.toggle("paper", !!chosen);
    for (const figure of document.querySelectorAll("figure")) {
      figure.classList.toggle("on-paper", figure === chosen);
      figure.querySelector(".figure-tools").textContent = figure === chosen ? "Back" : "Paper view";
    }
    if (chosen) scrollTo(0, 0);
  };
  for (const figure of document.querySelectorAll("figure")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet figure-tools";
    button.textContent = "Paper view";
    button.addEventListener("click", () => view(root.classList.contains("paper") ? null : figure));
    figure.prepend(button);
  }
  addEventListener("keydown", (event) => event.key === "Escape" && root.classList.contains("paper") && view(null));
}

function setUpCopying() {
  for (const block of navigator.clipboard ? document.querySelectorAll(".command") : []) {
    const text = block.textContent;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    });
    block.append(button);
  }
}

function openTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const folded = target && target.closest("details");
  if (folded && !folded.open) {
    folded.open = true;
    target.scrollIntoView();
  }
}

document.addEventListener("DOMContentLoaded", () => {
  setUpTheme();
  setUpSorting();
  setUpTools();
  setUpHighlight();
  setUpPaper();
  setUpCopying();
  openTarget();
  addEventListener("hashchange", openTarget);
});
