"use strict";
const MOST_SHOWN = 14;
const data = JSON.parse(document.querySelector("#data").textContent);

function card(near) {
  const figure = document.createElement("figure");
  const frame = document.createElement("div");
  frame.className = "frame";
  const image = document.createElement("img");
  image.src = data.pictures[near.picture] || "";
  image.alt = "";
  frame.append(image);
  const caption = document.createElement("figcaption");
  const title = document.createElement(near.url ? "a" : "b");
  title.textContent = near.title;
  if (near.url) {
    title.href = near.url;
    title.rel = "noreferrer";
  }
  const line = (text, name) => {
    const made = document.createElement("div");
    made.className = name;
    made.textContent = text;
    return made;
  };
  const likeness = `${near.vector.toFixed(2)} · shape ${near.shape.toFixed(2)} · colour ${near.colour.toFixed(2)}`;
  caption.append(title, line(near.price, "price"), line(`${near.shop} · ${near.category}`, "soft"), line(likeness, "soft"));
  figure.append(frame, caption);
  return figure;
}

// A category and those around it, up to the root.
function around(category) {
  const found = [];
  for (let code = category; code && !found.includes(code); code = data.parents[code]) found.push(code);
  return found;
}

function fill(select, names) {
  for (const name of ["", ...names]) {
    const option = document.createElement("option");
    option.value = name;
    option.textContent = name || "all";
    select.append(option);
  }
}

for (const section of document.querySelectorAll("section[data-garment]")) {
  const { near } = data.garments[Number(section.dataset.garment)];
  const [shop, category, vector, weight] = ["shop", "category", "vector", "weight"].map((name) => section.querySelector(`.${name}`));
  const values = (name) => [...new Set(near.map((one) => one[name]))].sort();
  const show = () => {
    const colour = Number(weight.value) / 100;
    const worth = (one) => (vector.checked ? one.vector : (1 - colour) * one.shape + colour * one.colour);
    const kept = near.filter((one) => (!shop.value || one.shop === shop.value) && (!category.value || around(one.category).includes(category.value)));
    kept.sort((one, other) => worth(other) - worth(one));
    section.querySelector(".gallery").replaceChildren(...kept.slice(0, MOST_SHOWN).map(card));
  };
  fill(shop, values("shop"));
  fill(category, [...new Set(near.flatMap((one) => around(one.category)))].sort());
  weight.addEventListener("input", () => {
    vector.checked = false;
  });
  for (const tool of [shop, category, vector, weight]) tool.addEventListener("input", show);
  show();
}
