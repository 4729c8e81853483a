/** The messages of one person's chat, oldest first; stays at the newest unless scrolled away. */

import { make } from "./elements.js";
import { MessageView } from "./message.js";

const NEAR_END_PX = 60;
const QUOTED_LETTERS = 80;

export class Log {
  #views = new Map();
  #shown = new Map();

  /** `chat` has `say(text)`, `press(id, data)` and `pay(id)`. */
  constructor(personId, chat, onScroll) {
    this.isAtEnd = true;
    this.chat = { ...chat, jump: (id) => this.#jump(id), quote: (id) => this.#quote(id) };
    this.intro = drawIntro();
    this.list = make("div", { class: "messages" }, this.intro);
    this.element = make(
      "div",
      {
        class: "log",
        id: `log-${personId}`,
        role: "log",
        tabindex: "0",
        "aria-relevant": "additions",
        "aria-label": "Messages",
        hidden: true,
      },
      this.list,
    );
    this.element.addEventListener("scroll", () => {
      this.isAtEnd = this.#distance() < NEAR_END_PX;
      onScroll();
    });
    new ResizeObserver(() => this.#follow()).observe(this.element);
    new ResizeObserver(() => this.#follow()).observe(this.list);
  }

  /** Shape: whether it was not there before. */
  put(message) {
    const isNew = !this.#views.has(message.id);
    this.intro.remove();
    let view = this.#views.get(message.id);
    if (!view) {
      view = new MessageView(this.chat);
      this.#views.set(message.id, view);
      view.element.dataset.id = message.id;
      this.list.insertBefore(view.element, this.#after(message.id));
    }
    this.#shown.set(message.id, message);
    view.show(message);
    this.#follow();
    return isNew;
  }

  remove(id) {
    const view = this.#views.get(id);
    if (view?.element.contains(document.activeElement)) {
      this.element.focus({ preventScroll: true });
    }
    view?.element.remove();
    this.#views.delete(id);
    this.#shown.delete(id);
  }

  showPresses(id, states) {
    this.#views.get(id)?.showPresses(states);
  }

  toEnd() {
    this.isAtEnd = true;
    this.#follow();
  }

  #follow() {
    if (this.isAtEnd && !this.element.hidden) {
      this.element.scrollTop = this.element.scrollHeight;
    }
  }

  #distance() {
    return this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight;
  }

  #after(id) {
    return [...this.list.children].find((one) => Number(one.dataset.id) > id) ?? null;
  }

  #jump(id) {
    this.#views.get(id)?.element.scrollIntoView({ block: "center" });
  }

  #quote(id) {
    return this.#shown.get(id)?.text.slice(0, QUOTED_LETTERS);
  }
}

function drawIntro() {
  const first = "The bot is the real program; your own machine plays Telegram for it.";
  const then = "Press Start, or write /start.";
  return make("div", { class: "intro" }, make("p", {}, first), make("p", {}, then));
}
