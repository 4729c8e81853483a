/** Toasts, and boxes that wait for an OK. */

import { byId, make } from "./elements.js";

const SHORTEST_MS = 3000;
const MS_A_LETTER = 60;
const MOST_TOASTS = 3;

export function toast(text) {
  const toasts = byId("toasts");
  const shown = make("p", { class: "toast", dir: "auto" }, text);
  toasts.append(shown);
  while (toasts.children.length > MOST_TOASTS) {
    toasts.firstElementChild.remove();
  }
  setTimeout(() => shown.remove(), SHORTEST_MS + text.length * MS_A_LETTER);
}

export function clearToasts() {
  byId("toasts").replaceChildren();
}

const waiting = [];

/** Shown one after another, in the order they came. */
export function alertBox(text) {
  waiting.push(text);
  if (!byId("alert").open) {
    showNext();
  }
}

function showNext() {
  if (waiting.length > 0) {
    byId("alert-text").textContent = waiting.shift();
    byId("alert").showModal();
  }
}

byId("alert").addEventListener("close", showNext);
