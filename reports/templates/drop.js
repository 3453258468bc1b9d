"use strict";
// The page's address begins with the token: what is asked goes below it.
const root = `/${location.pathname.split("/")[1]}/`;
const said = document.querySelector("#said");
let busy = false;

async function look(file) {
  if (!file || busy) return;
  busy = true;
  said.textContent = `${file.name || "photo"} is looked at …`;
  try {
    const answer = await fetch(`${root}look`, { method: "POST", body: file, headers: { "x-name": encodeURIComponent(file.name || "photo") } });
    const text = await answer.text();
    if (answer.ok) location.assign(root + text);
    else said.textContent = text;
  } catch {
    said.textContent = "the server does not answer: it may have ended, or the photo is too large";
  }
  busy = false;
}

document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  look(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => look(event.clipboardData.files[0]));
document.querySelector("#photo").addEventListener("change", (event) => look(event.target.files[0]));
