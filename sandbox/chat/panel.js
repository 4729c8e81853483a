/** The panel behind the scenes: its sections, and its door on narrow screens. */

import { act } from "./actions.js";
import { Calls } from "./calls.js";
import { byId, make } from "./elements.js";
import { Numbers } from "./numbers.js";
import { process } from "./process.js";

const NARROW = matchMedia("(max-width: 900px)");

export function section(title, ...children) {
  return make("section", {}, make("h3", {}, title), ...children);
}

export function drawPanel(store, { isTelegramHere, isBloomsmsHere, telegram, bloomsms }) {
  const sections = [process(store)];
  if (isBloomsmsHere) {
    const numbers = new Numbers(store);
    sections.push(account(store), section("Rented numbers", numbers.element), scenarios(store));
  }
  sections.push(section("HTTP calls", new Calls(store).element));
  const places = [
    isTelegramHere ? ["Telegram's Bot API", telegram] : null,
    isBloomsmsHere ? ["BloomSMS", bloomsms] : null,
  ].filter(Boolean);
  const rows = places.flatMap(([name, address]) => [
    make("dt", {}, name),
    make("dd", {}, make("code", {}, address)),
  ]);
  sections.push(section("Where it runs", make("dl", { class: "places" }, ...rows)));
  byId("panel-body").replaceChildren(...sections);
}

function account(store) {
  const input = make("input", { id: "balance", inputmode: "decimal", autocomplete: "off" });
  const submit = (event) => {
    event.preventDefault();
    input.blur();
    act("balance", { balance: input.value });
  };
  const form = make(
    "form",
    { class: "line", on: { submit } },
    make("label", { for: "balance" }, "Balance, $"),
    input,
    make("button", { class: "plain" }, "Set"),
  );
  const count = make("p", { class: "count" });
  const meter = make("meter", { min: "0", "aria-label": "Requests in the last 60 seconds" });
  store.listen("provider/", () => {
    const { balance } = store.get("provider/account");
    const requests = store.get("provider/requests");
    if (document.activeElement !== input) {
      input.value = balance;
    }
    count.textContent = `${requests.count} of ${requests.limit} requests in the last 60 s`;
    Object.assign(meter, { max: requests.limit, high: requests.limit * 0.9 });
    meter.value = requests.count;
  });
  return section("BloomSMS account", form, count, meter);
}

function scenarios(store) {
  const list = make("div", { class: "switches" });
  const inputs = new Map();
  store.listen("switch/", (changed) => {
    for (const one of [...changed.values()].filter(Boolean)) {
      if (!inputs.has(one.name)) {
        const [input, row] = drawSwitch(one);
        inputs.set(one.name, input);
        list.append(row);
      }
      inputs.get(one.name).checked = one.is_on;
    }
  });
  return section("Scenarios", list);
}

function drawSwitch(one) {
  const id = `switch-${one.name}`;
  const input = make("input", {
    type: "checkbox",
    role: "switch",
    id,
    "aria-describedby": `${id}-meaning`,
    on: { change: () => act("switch", { name: one.name, on: input.checked }) },
  });
  const words = make(
    "div",
    {},
    make("label", { for: id }, one.label),
    make("p", { id: `${id}-meaning` }, one.meaning),
  );
  return [input, make("div", { class: "switch" }, input, words)];
}

/** Whether the panel lies above the chat, behind a button: on narrow screens that have a chat. */
function isDrawer() {
  return NARROW.matches && !document.body.classList.contains("panel-only");
}

export function turnPanel(isOpen) {
  byId("panel").classList.toggle("open", isOpen);
  byId("panel-button").setAttribute("aria-expanded", String(isOpen));
  byId("panel").inert = isDrawer() && !isOpen;
  byId("chat").inert = isDrawer() && isOpen;
  byId("top").inert = isDrawer() && isOpen;
}

function close() {
  turnPanel(false);
  byId("panel-button").focus();
}

/** Escape, Close and a press beside the panel put it away. */
export function connectDoor() {
  byId("panel-button").addEventListener("click", () => {
    turnPanel(true);
    byId("panel-body").focus();
  });
  byId("panel-close").addEventListener("click", close);
  byId("panel").addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isDrawer()) {
      close();
    }
  });
  document.addEventListener("click", (event) => {
    const isBeside = [document.body, document.documentElement].includes(event.target);
    if (isBeside && isDrawer() && byId("panel").classList.contains("open")) {
      close();
    }
  });
  NARROW.addEventListener("change", () => turnPanel(false));
  turnPanel(false);
}
