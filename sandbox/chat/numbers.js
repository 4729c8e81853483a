/** The numbers the provider gave out, and what it may do with each. */

import { act } from "./actions.js";
import { make, setHidden } from "./elements.js";

const STATUSES = { waiting: "waiting", code_received: "code received" };
const TICK_MS = 1000;

export class Numbers {
  #cards = new Map();

  constructor(store) {
    this.empty = make("p", { class: "quiet" }, "None yet. Rent one in the chat.");
    this.list = make("div", { class: "numbers" });
    this.element = make("div", {}, this.empty, this.list);
    store.listen("number/", (changed) => {
      for (const [name, number] of changed) {
        this.#put(name, number);
      }
      setHidden(this.empty, this.#cards.size > 0);
    });
    setInterval(() => this.#tick(), TICK_MS);
  }

  #put(name, number) {
    if (number === null) {
      this.#cards.get(name)?.element.remove();
      this.#cards.delete(name);
      return;
    }
    if (!this.#cards.has(name)) {
      const card = new Card(number);
      this.#cards.set(name, card);
      this.list.prepend(card.element);
    }
    this.#cards.get(name).show(number);
  }

  #tick() {
    for (const card of this.#cards.values()) {
      card.tick();
    }
  }
}

class Card {
  #suggested = "";

  constructor({ id, phone }) {
    this.id = id;
    this.what = make("p", { class: "what" });
    this.status = make("span", { class: "status" });
    this.clock = make("p", { class: "quiet" });
    this.last = make("p", { class: "last-sms", dir: "auto" });
    this.text = make("textarea", { rows: "2", maxlength: "4096", id: `sms-${id}`, dir: "auto" });
    this.expire = this.#button("Let it expire", () => act("expire", { number: id }));
    this.refuse = this.#button("Refuse cancel", () => this.#toggleRefusal());
    const send = this.#button("Send its SMS", () => this.#send(), "solid");
    this.element = make(
      "article",
      { class: "number", "aria-label": phone },
      make("p", { class: "phone" }, phone, " ", this.status),
      this.what,
      this.clock,
      this.last,
      make("label", { class: "unseen", for: `sms-${id}` }, `SMS to ${phone}`),
      this.text,
      make("div", { class: "controls" }, send, this.expire, this.refuse),
    );
  }

  show(number) {
    this.number = number;
    this.element.classList.toggle("ended", !number.is_open);
    this.status.textContent = STATUSES[number.status] ?? number.status;
    this.status.dataset.status = number.status;
    this.what.textContent = `${number.service} · ${number.country} · $${number.price}`;
    const last = number.sms.at(-1);
    this.last.textContent = last ? `“${last}”` : "";
    setHidden(this.last, !last);
    if (number.suggested !== this.#suggested) {
      this.#suggested = number.suggested;
      this.text.value = number.suggested;
    }
    setHidden(this.expire, !number.is_open);
    setHidden(this.refuse, !number.is_open);
    this.refuse.setAttribute("aria-pressed", String(number.refuses_cancel));
    this.tick();
  }

  tick() {
    const now = Date.now() / 1000;
    const { is_open: isOpen, next_sms_at: smsAt, expires_at: endsAt } = this.number;
    const said = [];
    if (smsAt !== null && smsAt > now) {
      said.push(`SMS by itself in ${Math.ceil(smsAt - now)} s`);
    }
    if (isOpen) {
      said.push(`ends in ${clock(Math.max(0, endsAt - now))}`);
    }
    const text = said.join(" · ");
    if (this.clock.textContent !== text) {
      this.clock.textContent = text;
    }
    setHidden(this.clock, text === "");
  }

  #send() {
    act("sms", { number: this.id, text: this.text.value });
  }

  #toggleRefusal() {
    act("refuse-cancel", { number: this.id, on: !this.number.refuses_cancel });
  }

  #button(label, click, kind = "plain") {
    return make("button", { type: "button", class: kind, on: { click } }, label);
  }
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
