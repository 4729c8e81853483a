/** One message: drawn once, then changed where it changed. */

import { drawText } from "./entities.js";
import { make, timeOf } from "./elements.js";
import { drawKeyboard, markPresses } from "./keyboard.js";

export class MessageView {
  #shown = {};
  #keyboard = null;

  /** `chat` has `say(text)`, `press(id, data)`, `pay(id)`, `jump(id)` and `quote(id)`. */
  constructor(chat) {
    this.chat = chat;
    this.body = make("div", { class: "body" });
    this.meta = make("div", { class: "meta" });
    this.bubble = make("div", { class: "bubble" }, this.body, this.meta);
    this.element = make("div", { class: "message", tabindex: "-1" }, this.bubble);
  }

  show(message) {
    const before = this.#shown;
    this.#shown = message;
    this.element.classList.toggle("from-bot", message.from_bot);
    this.element.classList.toggle("has-keyboard", message.keyboard.length > 0);
    if (isNew(before, message, ["text", "entities", "file", "kind", "reply_to"])) {
      this.body.replaceChildren(...this.#parts(message));
    }
    if (isNew(before, message, ["edited", "silent", "pinned", "reactions"])) {
      this.meta.replaceChildren(...marks(message));
    }
    if (isNew(before, message, ["keyboard"])) {
      this.#showKeyboard(message);
    }
  }

  showPresses(states) {
    if (this.#keyboard) {
      markPresses(this.#keyboard, states);
    }
  }

  #parts(message) {
    const who = make("span", { class: "unseen" }, message.from_bot ? "Bot: " : "You: ");
    const text = make("div", { class: "text", dir: "auto" });
    text.append(drawText(message.text, message.entities, this.chat.say));
    const words = message.text && !message.invoice ? text : null;
    return [who, this.#quoted(message), attachment(message), words].filter(Boolean);
  }

  #quoted(message) {
    if (!message.reply_to) {
      return null;
    }
    const text = this.chat.quote(message.reply_to) ?? "Deleted message";
    const on = { click: () => this.chat.jump(message.reply_to) };
    return make("button", { class: "quoted", type: "button", on }, text);
  }

  /** Whoever stood on a button stays on one: the same, else the first, else on the message. */
  #showKeyboard(message) {
    const focused = this.#keyboard?.contains(document.activeElement)
      ? document.activeElement.textContent
      : null;
    this.#keyboard?.remove();
    this.#keyboard = null;
    if (message.keyboard.length > 0) {
      const press = (data) => this.chat.press(message.id, data);
      this.#keyboard = drawKeyboard(message.keyboard, { press, pay: () => this.chat.pay(message.id) });
      this.element.append(this.#keyboard);
    }
    if (focused !== null) {
      const keys = [...(this.#keyboard?.querySelectorAll(".key") ?? [])];
      const next = keys.find((key) => key.textContent === focused) ?? keys[0];
      (next ?? this.element).focus();
    }
  }
}

function isNew(before, now, names) {
  return names.some((name) => JSON.stringify(before[name]) !== JSON.stringify(now[name]));
}

function marks(message) {
  const shown = [];
  if (message.reactions.length > 0) {
    shown.push(make("span", { class: "reaction" }, message.reactions.join("")));
  }
  if (message.pinned) {
    shown.push(mark("📌", "Pinned"));
  }
  if (message.edited) {
    shown.push(make("span", {}, "edited"));
  }
  shown.push(make("time", {}, timeOf(message.date)));
  if (message.from_bot) {
    shown.push(message.silent ? mark("🔕", "Without a sound") : mark("🔔", "With a sound"));
  }
  return shown;
}

function mark(sign, meaning) {
  return make("span", { class: "mark", role: "img", "aria-label": meaning, title: meaning }, sign);
}

function attachment(message) {
  const { file, kind, invoice } = message;
  if (invoice) {
    const title = make("strong", {}, invoice.title);
    const price = make("p", {}, `⭐️ ${invoice.stars}`);
    return make("div", { class: "invoice" }, title, make("p", {}, invoice.description), price);
  }
  if (!file) {
    return kind === "text" ? null : make("p", { class: "other-kind" }, `(${kind})`);
  }
  const href = `/files/${file.id}`;
  if (kind === "photo" && file.is_image) {
    return make("img", { class: "photo", src: href, alt: message.text || "Photo" });
  }
  const size = file.bytes < 1024 ? `${file.bytes} B` : `${Math.ceil(file.bytes / 1024)} KB`;
  const icon = make("span", { class: "file-icon", "aria-hidden": "true" }, "📄");
  const name = make("span", { class: "file-name", dir: "auto" }, file.name);
  return make(
    "a",
    { class: "file", href, download: file.name },
    icon,
    name,
    make("span", { class: "file-size" }, size),
  );
}
