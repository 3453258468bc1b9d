"use strict";
const page = document.querySelector("main");
const items = [...document.querySelectorAll("figure[data-key]")];
const state = document.querySelector("#marked");
const REASONS = { w: "wrong label", a: "ambiguous", d: "drop" };
const marks = new Map();

function mark(item, kind) {
  const same = marks.get(item.dataset.key)?.kind === kind;
  const twins = items.filter((other) => other.dataset.key === item.dataset.key);
  if (same) marks.delete(item.dataset.key);
  else marks.set(item.dataset.key, { kind, item });
  twins.forEach((twin) => (twin.dataset.mark = same ? "" : kind));
  state.textContent = `${marks.size} marked`;
}

function renamed(kind, item) {
  if (kind === "a") return "ambiguous";
  return kind === "d" ? "drop" : item.querySelector("select").value;
}

function corrections() {
  const initials = document.querySelector("#initials").value.trim().replace(/\s+/g, " ");
  const rows = [[page.dataset.column, "old", "new", "reason", "initials"]];
  for (const [key, { kind, item }] of marks) {
    rows.push([key, item.dataset.label, renamed(kind, item), REASONS[kind], initials]);
  }
  return rows.map((row) => row.join("\t")).join("\n") + "\n";
}

document.addEventListener("keydown", (event) => {
  const item = document.activeElement?.closest("figure[data-key]");
  if (!item || event.target.closest("input, select") || event.ctrlKey || event.metaKey) return;
  if (event.key in REASONS) mark(item, event.key);
  else if (event.key === "ArrowRight") items[items.indexOf(item) + 1]?.focus();
  else if (event.key === "ArrowLeft") items[items.indexOf(item) - 1]?.focus();
  else return;
  event.preventDefault();
});

document.querySelector("#download").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([corrections()], { type: "text/tab-separated-values" }));
  link.download = `${page.dataset.model}.tsv`;
  link.click();
  URL.revokeObjectURL(link.href);
});

const options = JSON.parse(page.dataset.labels);
for (const item of items) {
  const select = item.querySelector("select");
  for (const label of options) select.add(new Option(label, label, false, label === item.dataset.answer));
}
