// The exported desk: the same keys as the served one, and the decisions as a file in place of a server.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const place = "selvedge desk " + data.retailer + " " + data.cards.length;
let made = [];  // {card, said}: said is null where the category is skipped
try { made = JSON.parse(localStorage.getItem(place) || "[]").filter((one) => data.cards[one.card]); } catch { made = []; }
let at = 0;

const make = (tag, text, name) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (name) element.className = name;
  return element;
};
const main = document.getElementById("card");
const said = document.getElementById("said");
// As `udfs/rules/wording.py` compares titles with the word of a rule.
const plain = (text) => text.normalize("NFKC").toLowerCase().normalize("NFKC").replaceAll("ß", "ss").replaceAll("ς", "σ")
  .replaceAll("\ufeff", "").replace(/(?!\s)[\p{Cc}\p{Cf}]/gu, "").replace(/[\u2010-\u2015\u2212\ufe58\ufe63]/g, "-").replaceAll("ё", "е").trim().replace(/\s+/g, " ");
const spaced = "(?![\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af])[\\p{L}\\p{N}_]";
function pattern(word) {
  const isSpaced = (letter) => new RegExp(spaced, "u").test(letter);
  const asked = plain(word);
  const body = asked.split("*").map((run) => run.replace(/[\^$.*+?()[\]{}|\/]/g, "\\$&")).join("[\\p{L}\\p{N}_]*");
  return new RegExp((isSpaced(asked.slice(0, 1)) ? `(?<!${spaced})` : "") + body + (isSpaced(asked.slice(-1)) ? `(?!${spaced})` : ""), "u");
}
const isPart = (what) => Boolean(what && (what.title || what.gender));
const takes = ({ title, gender }) => {
  const asked = title && pattern(title);
  return (row) => (!gender || gender === row[1]) && (!asked || asked.test(row[2] ??= plain(row[0])));
};
// The products of a card that no part takes yet: those whose titles are here, and the number that they stand for.
function rest(card) {
  const parts = made.filter((one) => one.card === card && isPart(one.said)).map((one) => takes(one.said));
  const { rows, products } = data.cards[card];
  const left = rows.filter((row) => !parts.some((part) => part(row)));
  return { left, count: rows.length ? Math.round(products * left.length / rows.length) : products };
}
const decided = () => new Set(made.filter((one) => !isPart(one.said) || !rest(one.card).count).map((one) => one.card));
const part = () => {
  const title = document.getElementById("word")?.value.trim(), gender = document.getElementById("gender")?.value;
  return { ...(title ? { title } : {}), ...(gender ? { gender } : {}) };
};
const nameOf = (event) => event.code.startsWith("Key") ? event.code.slice(3).toLowerCase()
  : event.code.startsWith("Digit") ? event.code.slice(5) : event.key;

function keep() { try { localStorage.setItem(place, JSON.stringify(made)); } catch { /* a page without a store */ } }

function next(from) {
  const done = decided();
  const order = [...data.cards.keys()];
  return [...order.slice(from), ...order.slice(0, from)].find((one) => !done.has(one));
}

function decide(what, words) {
  if (at === undefined) return;
  const asked = part();
  if (what && isPart(asked) && (!/[^*\s]/.test(plain(asked.title ?? asked.gender)) || !rest(at).left.some(takes(asked)))) {
    said.textContent = "No title here is in that part.";
    return;
  }
  made.push({ card: at, said: what && { ...what, ...asked } });
  keep();
  said.textContent = `${data.cards[at].name}${what && isPart(asked) ? ` where ${Object.values(asked).join(" and ")}` : ""}: ${words}.`;
  at = next(at);
  draw();
}

function undo() {
  const last = made.pop();
  if (!last) return;
  keep();
  at = last.card;
  said.textContent = `Undone: ${data.cards[at].name}.`;
  draw();
}

function button(key, text, act) {
  const element = make("button");
  element.type = "button";
  element.dataset.key = key;
  element.append(make("kbd", key), " ", make("span", text));
  element.addEventListener("click", act);
  return element;
}

function download() {
  const by = document.getElementById("by").value.trim();
  const rules = made.filter((one) => one.said).map((one) => {
    const { path, ids } = data.cards[one.card];
    return JSON.stringify({ path, ids, ...one.said });
  });
  const body = [JSON.stringify({ format: data.format, retailer: data.retailer, by }), ...rules, ""].join("\n");
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([body], { type: "application/x-ndjson" }));
  link.download = `${data.retailer}-decisions.jsonl`;
  link.click();
  said.textContent = `${rules.length} decisions are in ${link.download}; apply them with: selvedge mapping apply FILE`;
}

function draw() {
  const open = new Set(made.map((one) => one.card));
  const whole = new Set(made.filter((one) => one.said && !isPart(one.said)).map((one) => one.card));
  const done = [...open].reduce((sum, card) => sum + data.cards[card].products - (whole.has(card) ? 0 : rest(card).count), 0);
  const share = (data.covered + done) / Math.max(data.total, 1);
  document.getElementById("covered").textContent = `${(100 * share).toFixed(1)}%`;
  document.getElementById("bar").setAttribute("width", String(1000 * share));
  main.replaceChildren();
  if (at === undefined) { main.append(make("h1", "Nothing is left to decide"), make("p", "Press d to download the decisions.")); return; }
  const card = data.cards[at];
  const title = make("h1", card.name);
  title.dir = "auto";
  const { left, count } = rest(at);
  main.append(title, make("p", `${count.toLocaleString("en")} products${card.prices ? ` · ${card.prices}` : ""}`, "facts"));
  const pictures = make("div", undefined, "thumbs");
  for (const source of card.pictures) { const image = make("img"); image.src = source; image.alt = ""; pictures.append(image); }
  const titles = make("ul", undefined, "titles");
  const names = count === card.products ? card.titles : [...new Set(left.map(([name]) => name))].slice(0, 8);
  for (const text of names) { const item = make("li", text); item.dir = "auto"; titles.append(item); }
  main.append(pictures, titles);
  card.proposals.forEach(({ name, chance, to, because }, number) => {
    const one = button(number ? String(number + 1) : "a", `${name} ${Math.round(100 * chance)}%`, () => decide(to ? { to } : { because }, name));
    one.classList.add("offered");
    main.append(one);
  });
  const evidence = make("dl", undefined, "evidence");
  for (const [source, text] of card.evidence) evidence.append(make("dt", source), make("dd", text));
  const reasons = make("p");
  reasons.id = "reasons";
  reasons.hidden = true;
  data.reasons.forEach((reason, number) => reasons.append(button(String(number + 1), reason, () => decide({ because: reason }, `ignored, ${reason}`))));
  main.append(evidence, reasons);
  if (left.length) main.append(splitting(left));
}

function splitting(left) {
  const form = make("form", undefined, "part");
  const word = make("input"), whose = make("select"), shown = make("div", undefined, "parts");
  word.id = "word";
  word.autocomplete = "off";
  word.maxLength = 100;
  whose.id = "gender";
  for (const name of ["", ...new Set(left.map(([, gender]) => gender).filter(Boolean))]) whose.append(make("option", name));
  const labelled = (text, box) => { const label = make("label", `${text} `); label.append(box); return label; };
  shown.setAttribute("aria-live", "polite");
  form.append(make("kbd", "w"), " only a part: ", labelled("word", word), " ", labelled("gender", whose), shown);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    const asked = part();
    shown.replaceChildren();
    if (!isPart(asked)) return;
    const mine = left.filter(takes(asked)), others = left.filter((row) => !mine.includes(row));
    for (const [rows, words] of [[mine, `with it${mine.length ? "; the keys now decide on these" : ""}`], [others, "without"]]) {
      const column = make("div"), list = make("ul", undefined, "titles");
      column.append(make("b", rows.length.toLocaleString("en")), ` ${words}`, list);
      for (const [name] of rows.slice(0, 4)) { const item = make("li", name); item.dir = "auto"; list.append(item); }
      shown.append(column);
    }
    if (left.length < data.cards[at].rows.length || data.cards[at].rows.length < data.cards[at].products) {
      shown.append(make("p", `of ${left.length.toLocaleString("en")} titles that are in this file`, "quiet"));
    }
  });
  return form;
}

const box = document.getElementById("q");
const hits = document.getElementById("hits");
function search() {
  const asked = plain(box.value.trim());
  const found = asked ? data.leaves.filter(([, , names]) => names.some((name) => name.includes(asked))) : [];
  const rank = ([, , names]) => Math.min(...names.map((name) => name === asked ? 0 : name.startsWith(asked) ? 1 : name.includes(asked) ? 2 : 3));
  found.sort((one, other) => rank(one) - rank(other) || one[1].length - other[1].length);
  hits.replaceChildren(...found.slice(0, 8).map(([to, name], number) => {
    const option = make("button", `${name} (${to})`);
    option.type = "button";
    option.id = `hit${number}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", String(!number));
    option.addEventListener("click", () => { box.value = ""; hits.replaceChildren(); box.blur(); decide({ to }, name); });
    return option;
  }));
  point();
}
function point() {  // what a screen reader says of the list
  box.setAttribute("aria-expanded", String(hits.children.length > 0));
  box.setAttribute("aria-activedescendant", hits.querySelector("[aria-selected=true]")?.id ?? "");
}
box.addEventListener("input", search);

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, select")) {
    if (event.key === "Escape" || (event.key === "Enter" && event.target !== box)) event.target.blur();
    if (event.key === "Enter" && event.target === box) { event.preventDefault(); hits.querySelector("[aria-selected=true]")?.click(); }
    if (event.target === box && event.key.startsWith("Arrow") && hits.children.length) {
      const all = [...hits.children];
      const now = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
      const to = (now + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length;
      all.forEach((one, number) => one.setAttribute("aria-selected", String(number === to)));
      point();
    }
    return;
  }
  const name = nameOf(event);
  const reasons = document.getElementById("reasons");
  const asked = [...document.querySelectorAll(reasons && !reasons.hidden ? "#reasons [data-key]" : "[data-key]")]
    .find((one) => one.dataset.key === name && one.getClientRects().length);
  if (name === "i" && reasons) { reasons.hidden = !reasons.hidden; event.preventDefault(); return; }
  if (name === "o") { event.preventDefault(); box.focus(); return; }
  if (name === "w") { event.preventDefault(); document.getElementById("word")?.focus(); return; }
  if (asked) { event.preventDefault(); asked.click(); }
});

document.getElementById("keys").append(
  button("s", "skip", () => decide(null, "skipped")), button("u", "undo", undo),
  button("j", "later", () => { at = at === undefined ? at : next((at + 1) % data.cards.length); draw(); }), button("d", "download", download),
);
at = next(0);
draw();
