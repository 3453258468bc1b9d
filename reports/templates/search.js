"use strict";
const MOST_SHOWN = 14;
const MOST_BESIDE = 12;
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
  const { near, against } = data.garments[Number(section.dataset.garment)];
  const galleries = section.querySelectorAll(".gallery");
  const every = [...near, ...against];
  const [shop, category, vector, weight] = ["shop", "category", "vector", "weight"].map((name) => section.querySelector(`.${name}`));
  const values = (name) => [...new Set(every.map((one) => one[name]))].sort();
  const show = () => {
    const colour = Number(weight.value) / 100;
    const worth = (one) => (vector.checked ? one.vector : (1 - colour) * one.shape + colour * one.colour);
    const fits = (one) => (!shop.value || one.shop === shop.value) && (!category.value || around(one.category).includes(category.value));
    const best = (list, most) => list.filter(fits).sort((one, other) => worth(other) - worth(one)).slice(0, most);
    if (galleries.length === 1) {
      galleries[0].replaceChildren(...best(near, MOST_SHOWN).map(card));
      return;
    }
    const sides = [best(near, MOST_BESIDE), best(against, MOST_BESIDE)];
    const ids = sides.map((side) => new Set(side.map((one) => one.product)));
    sides.forEach((side, at) => {
      galleries[at].replaceChildren(...side.map((one) => {
        const figure = card(one);
        figure.classList.toggle("only", !ids[1 - at].has(one.product));
        return figure;
      }));
    });
    const both = [...ids[0]].filter((id) => ids[1].has(id)).length;
    section.querySelector(".both").textContent = `On both sides: ${both}.`;
  };
  fill(shop, values("shop"));
  fill(category, [...new Set(every.flatMap((one) => around(one.category)))].sort());
  weight.addEventListener("input", () => {
    vector.checked = false;
  });
  for (const tool of [shop, category, vector, weight]) tool.addEventListener("input", show);
  show();
}
