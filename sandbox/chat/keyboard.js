/** The buttons below a message. */

import { copy } from "./actions.js";
import { make } from "./elements.js";
import { toast } from "./notices.js";

const STYLES = new Set(["primary", "success", "danger"]);

/** Shape: an element with a row for each row; `doings` has `press(data)` and `pay()`. */
export function drawKeyboard(rows, doings) {
  const drawn = rows.map((row) =>
    make("div", { class: "row" }, ...row.map((button) => drawButton(button, doings))),
  );
  return make("div", { class: "keyboard", role: "group", "aria-label": "Buttons" }, ...drawn);
}

function drawButton(button, doings) {
  const style = STYLES.has(button.style) ? ` ${button.style}` : "";
  const label = make("span", { class: "label", dir: "auto" }, button.text);
  if (button.url && /^https?:/i.test(button.url)) {
    const open = { href: button.url, target: "_blank", rel: "noopener noreferrer" };
    return make("a", { class: `key${style}`, ...open }, label, corner("opens"));
  }
  const [mark, click] = doing(button, doings);
  const attributes = { class: `key${style}`, type: "button", "data-data": button.data };
  return make("button", { ...attributes, on: { click } }, label, corner(mark));
}

function doing(button, { press, pay }) {
  if (button.data !== null) {
    return ["", () => press(button.data)];
  }
  if (button.copy !== null) {
    return ["copies", () => copy(button.copy, `Copied ${button.copy}`)];
  }
  if (button.kind === "pay") {
    return ["", pay];
  }
  return ["", () => toast(`A button of the kind “${button.kind}” does nothing here.`)];
}

function corner(kind) {
  return make("span", { class: `corner ${kind}`, "aria-hidden": "true" });
}

/** Shape: `states` maps the data of a button to `waiting`, `unanswered` or `too_late`. */
export function markPresses(keyboard, states) {
  for (const key of keyboard.querySelectorAll("button[data-data]")) {
    const state = states.get(key.dataset.data) ?? "";
    if ((key.dataset.press ?? "") !== state) {
      key.dataset.press = state;
      key.setAttribute("aria-busy", String(state === "waiting"));
      key.title = state === "" || state === "waiting" ? "" : "The bot did not answer this press";
      key.querySelector(".corner").textContent = key.title ? "!" : "";
    }
  }
}
