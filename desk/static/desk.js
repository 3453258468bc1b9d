// Keys for the buttons and links that carry `data-key`, and for the list of found categories.
// `code` names the place of a key, so that they work under a Russian or Japanese layout too.
"use strict";

// While a decision is on its way, keys do nothing: nobody decides on a category that is not shown yet.
let busy = false;
function waiting(now) {
  busy = now;
  document.body.setAttribute("aria-busy", String(now));
}
document.addEventListener("htmx:beforeRequest", (event) => { if (event.target.matches("button")) waiting(true); });
document.addEventListener("htmx:afterSettle", () => waiting(false));
document.addEventListener("htmx:afterRequest", () => waiting(false));  // also where the button itself is gone by now
document.addEventListener("htmx:sendError", () => {
  const place = document.querySelector(".said, #wrong") ?? document.querySelector("main");
  place.replaceChildren("The desk does not answer: its command has ended. What you decided before this key is kept; start it again.");
  place.classList.add("error");
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status >= 400) {  // an error page takes the place of the page
    const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html").querySelector("main");
    event.detail.shouldSwap = false;
    if (page) document.querySelector("main").replaceWith(page);
  }
});

const nameOf = (event) => event.code.startsWith("Key") ? event.code.slice(3).toLowerCase()
  : event.code.startsWith("Digit") ? event.code.slice(5) : event.key;

const visible = (element) => element.getClientRects().length > 0 && !element.disabled;

function options() { return [...document.querySelectorAll("#hits [role=option]")]; }

function move(step) {
  const all = options();
  if (!all.length) return;
  const now = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const next = (now + step + all.length) % all.length;
  all.forEach((one, place) => one.setAttribute("aria-selected", String(place === next)));
  all[next].scrollIntoView({ block: "nearest" });
  document.getElementById("q").setAttribute("aria-activedescendant", all[next].id);
}

function inSearch(event) {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    event.preventDefault();
    options().find((one) => one.getAttribute("aria-selected") === "true")?.click();
  }
}

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "work" || event.target.tagName === "MAIN") document.activeElement.blur();  // htmx gives the focus back to the search: keys again
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "hits") {
    const all = options();
    const box = document.getElementById("q");
    box.setAttribute("aria-expanded", String(all.length > 0));
    if (all.length) box.setAttribute("aria-activedescendant", all[0].id);
  }
});

document.addEventListener("toggle", (event) => {  // a part that is not seen takes no key
  if (event.target.open || !event.target.matches(".part")) return;
  event.target.querySelector("form").reset();
  document.getElementById("parts").replaceChildren();
}, true);

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const typing = event.target.matches("input:not([type=hidden]), select, textarea");
  if (typing) {
    if (event.key === "Escape") { event.target.blur(); event.preventDefault(); } else if (event.target.id === "q") inSearch(event);
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  const name = nameOf(event);
  if (event.altKey) {
    const link = document.querySelector(`[data-alt="${CSS.escape(name)}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  if (busy) { event.preventDefault(); return; }
  const box = [...document.querySelectorAll(`[data-focus="${CSS.escape(name)}"]`)].find(visible);
  if (box) { event.preventDefault(); box.focus(); box.select(); return; }
  const asked = [...document.querySelectorAll(`[data-key="${CSS.escape(name)}"]`)].find(visible);
  if (!asked) return;
  event.preventDefault();
  asked.click();
  if (asked.tagName === "SUMMARY") asked.parentElement.querySelector("[data-first]")?.focus();
});
