/** Where a person writes: the text, what is offered for it, the menu of all commands. */

import { byId, make, setHidden } from "./elements.js";

const ASK_AFTER_MS = 250;
const COMMAND = /^\/(\w*)$/;
const INLINE = /^@(\w+)\s+(.*)$/s;

export class Composer {
  #commands = [];
  #offered = [];
  #chosen = 0;
  #asking = null;

  /** `bot` has `say(text)`, `ask(text)` for inline results and `pick(id)` for one of them. */
  constructor(bot) {
    this.bot = bot;
    this.botName = "";
    this.text = byId("text");
    this.list = byId("commands");
    this.menu = byId("menu");
    this.text.addEventListener("input", () => this.#changed());
    this.text.addEventListener("keydown", (event) => this.#keydown(event));
    this.text.addEventListener("blur", () => this.#offer([]));
    this.menu.addEventListener("mousedown", (event) => event.preventDefault());
    this.menu.addEventListener("click", () => this.#toggleMenu());
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(this.text.value);
    });
  }

  setCommands(commands) {
    const isNew = JSON.stringify(commands) !== JSON.stringify(this.#commands);
    this.#commands = commands;
    setHidden(this.menu, commands.length === 0);
    if (isNew && COMMAND.test(this.text.value)) {
      this.#changed();
    }
  }

  focus() {
    this.text.focus({ preventScroll: true });
  }

  clear() {
    this.text.value = "";
    this.#changed();
  }

  #send(text) {
    if (text.trim() !== "") {
      this.clear();
      this.bot.say(text);
    }
  }

  #changed() {
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight}px`;
    clearTimeout(this.#asking);
    const begun = COMMAND.exec(this.text.value);
    const fits = (one) => one.command.startsWith(begun[1].toLowerCase());
    this.#offer(begun ? this.#commandOptions(this.#commands.filter(fits)) : []);
    const [, name, query] = INLINE.exec(this.text.value) ?? [];
    if (name?.toLowerCase() === this.botName.toLowerCase()) {
      this.#asking = setTimeout(() => this.#ask(query), ASK_AFTER_MS);
    }
  }

  async #ask(query) {
    const asked = this.text.value;
    const answer = await this.bot.ask(query);
    if (answer && this.text.value === asked) {
      const pick = (result) => {
        this.clear();
        this.bot.pick(result.id);
      };
      this.#offer(answer.results.map((result) => ({ ...result, choose: () => pick(result) })));
    }
  }

  #commandOptions(commands) {
    return commands.map(({ command, description }) => {
      const title = `/${command}`;
      return { title, description, choose: () => this.#send(title) };
    });
  }

  #toggleMenu() {
    this.text.focus();
    this.#offer(this.#offered.length > 0 ? [] : this.#commandOptions(this.#commands));
  }

  /** Shape: options with a `title`, a `description` and `choose()`. */
  #offer(options) {
    this.#offered = options;
    const on = (option) => ({
      mousedown: (event) => event.preventDefault(),
      click: () => option.choose(),
    });
    const drawn = options.map((option, at) =>
      make(
        "li",
        { role: "option", id: `offer-${at}`, on: on(option) },
        make("span", { class: "command" }, option.title),
        " ",
        make("span", { class: "description" }, option.description),
      ),
    );
    this.list.replaceChildren(...drawn);
    setHidden(this.list, drawn.length === 0);
    this.menu.setAttribute("aria-expanded", String(drawn.length > 0));
    this.#choose(0);
  }

  #choose(at) {
    this.#chosen = at;
    [...this.list.children].forEach((option, place) => {
      option.setAttribute("aria-selected", String(place === at));
      if (place === at) {
        option.scrollIntoView({ block: "nearest" });
      }
    });
    if (this.#offered.length > 0) {
      this.text.setAttribute("aria-activedescendant", `offer-${at}`);
    } else {
      this.text.removeAttribute("aria-activedescendant");
    }
  }

  #keydown(event) {
    const count = this.#offered.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (count > 0) {
        this.#offered[this.#chosen].choose();
      } else {
        this.#send(this.text.value);
      }
    } else if (count > 0 && step) {
      event.preventDefault();
      this.#choose((this.#chosen + step + count) % count);
    } else if (count > 0 && event.key === "Escape") {
      event.preventDefault();
      this.#offer([]);
    }
  }
}
