/** The chat: one log a person, the composer, what the bot is doing. */

import { act } from "./actions.js";
import { Composer } from "./composer.js";
import { byId, make, setHidden } from "./elements.js";
import { Log } from "./log.js";
import { alertBox, clearToasts, toast } from "./notices.js";
import { People } from "./people.js";

const TYPING_MS = 5000;

export class Chat {
  #logs = new Map();
  #told = new Set();
  #typing = null;

  constructor(store) {
    this.store = store;
    this.composer = new Composer({
      say: (text) => this.say(text),
      ask: (text) => act("ask", { person: this.people.selected, text }),
      pick: (result) => act("pick", { person: this.people.selected, result }),
    });
    this.people = new People((id) => this.#turnTo(id));
    store.listen("person/", (changed, isWhole) => this.#hearPeople(changed, isWhole));
    store.listen("message/", (changed, isWhole) => this.#hearMessages(changed, isWhole));
    store.listen("press/", (changed, isWhole) => this.#hearPresses(changed, isWhole));
    store.listen("bot/name", () => {
      const { name, username } = store.get("bot/name");
      byId("bot-name").textContent = name;
      this.composer.botName = username;
    });
    byId("start").addEventListener("click", () => {
      this.say("/start");
      this.composer.focus();
    });
    byId("block").addEventListener("click", () => this.#toggleBlock());
    byId("to-end").addEventListener("click", () => this.#log?.toEnd());
  }

  get person() {
    return this.store.get(`person/${this.people.selected}`);
  }

  get #log() {
    return this.#logs.get(this.people.selected);
  }

  get isTyping() {
    return this.#typing !== null;
  }

  say(text) {
    this.#log?.toEnd();
    act("say", { person: this.people.selected, text });
  }

  #hearPeople(changed, isWhole) {
    const known = [...changed.values()].filter(Boolean).sort((a, b) => a.place - b.place);
    for (const person of known) {
      this.#logOf(person.id);
      this.#noteAction(person, isWhole);
      this.people.show(person);
    }
    this.#showState();
  }

  #logOf(id) {
    if (!this.#logs.has(id)) {
      const press = (message, data) => act("press", { person: id, message, data });
      const chat = { say: (text) => this.say(text), press, pay: (message) => pay(id, message) };
      const log = new Log(id, chat, () => this.#showToEnd());
      this.#logs.set(id, log);
      byId("logs").append(log.element);
    }
    return this.#logs.get(id);
  }

  #hearMessages(changed, isWhole) {
    for (const [name, message] of changed) {
      const [, person, id] = name.split("/").map(Number);
      const log = this.#logOf(person);
      if (message === null) {
        log.remove(id);
        continue;
      }
      const isNew = log.put(message);
      if (isNew && message.from_bot && !isWhole) {
        this.#noteNew(person, message);
      }
    }
    this.#showPresses();
    this.#showState();
  }

  #noteNew(person, message) {
    if (person === this.people.selected) {
      this.#stopTyping();
    } else {
      this.people.note(person, { isSilent: message.silent });
    }
  }

  #hearPresses(changed, isWhole) {
    for (const press of changed.values()) {
      if (press?.state !== "answered" || this.#told.has(press.id)) {
        continue;
      }
      this.#told.add(press.id);
      const said = press.text || press.url;
      if (said && !isWhole && press.person === this.people.selected) {
        (press.alert ? alertBox : toast)(said);
      }
    }
    this.#showPresses();
  }

  /** The newest press of a button says how it looks. */
  #showPresses() {
    const states = new Map();
    for (const press of this.store.all("press/")) {
      const ofMessage = states.get(press.message) ?? new Map();
      ofMessage.set(press.data, press.state === "answered" ? "" : press.state);
      states.set(press.message, ofMessage);
    }
    for (const log of this.#logs.values()) {
      for (const [message, ofMessage] of states) {
        log.showPresses(message, ofMessage);
      }
    }
  }

  #turnTo(id) {
    for (const [one, log] of this.#logs) {
      setHidden(log.element, one !== id);
    }
    clearToasts();
    this.#stopTyping();
    this.composer.clear();
    this.#log?.toEnd();
    this.#showState();
  }

  #showState() {
    const person = this.person;
    if (!person) {
      return;
    }
    setHidden(byId("start"), person.started);
    byId("block").textContent = person.blocked ? "Unblock" : "Block";
    setHidden(byId("block"), !person.started);
    this.composer.setCommands(person.commands);
    this.#showReplyKeyboard();
    this.#showToEnd();
  }

  #showToEnd() {
    setHidden(byId("to-end"), this.#log?.isAtEnd ?? true);
  }

  #toggleBlock() {
    const person = this.person;
    act(person.blocked ? "unblock" : "block", { person: person.id });
  }

  /** The newest message that says something of the large keyboard decides. */
  #showReplyKeyboard() {
    const messages = this.store.all(`message/${this.people.selected}/`);
    const newest = messages.filter((one) => one.other_markup).sort((a, b) => b.id - a.id)[0];
    const rows = newest?.other_markup.keyboard ?? [];
    const drawn = rows.map((row) => {
      const keys = row.map((key) => {
        const text = typeof key === "string" ? key : key.text;
        return make("button", { type: "button", on: { click: () => this.say(text) } }, text);
      });
      return make("div", { class: "row" }, ...keys);
    });
    byId("reply-keyboard").replaceChildren(...drawn);
    setHidden(byId("reply-keyboard"), drawn.length === 0);
  }

  #noteAction(person, isWhole) {
    const before = this.#logOf(person.id).actions;
    this.#logOf(person.id).actions = person.actions;
    if (!isWhole && person.id === this.people.selected && before !== person.actions) {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#stopTyping(), TYPING_MS);
      this.onTyping?.();
    }
  }

  #stopTyping() {
    clearTimeout(this.#typing);
    this.#typing = null;
    this.onTyping?.();
  }
}

const PAYMENTS = {
  paid: "Paid. The Stars here are made up.",
  receipt: "This was paid before.",
  timed_out: "The bot did not answer in time. Nothing was paid.",
};

async function pay(person, message) {
  const payment = await act("pay", { person, message });
  if (payment) {
    toast(PAYMENTS[payment.kind] ?? `Not paid. ${payment.text}`);
  }
}
