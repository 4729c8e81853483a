/** The people who can be played, as tabs with what each has not read. */

import { byId, make } from "./elements.js";

export class People {
  #tabs = new Map();
  #unread = new Map();

  constructor(onChange) {
    this.selected = null;
    this.onChange = onChange;
    byId("people").addEventListener("keydown", (event) => this.#walk(event));
  }

  show(person) {
    if (!this.#tabs.has(person.id)) {
      const tab = make("button", {
        class: "person",
        role: "tab",
        type: "button",
        id: `tab-${person.id}`,
        "aria-controls": `log-${person.id}`,
        on: { click: () => this.select(person.id) },
      });
      this.#tabs.set(person.id, { tab, person });
      byId("people").append(tab);
    }
    this.#tabs.get(person.id).person = person;
    this.#draw(person.id);
    if (this.selected === null) {
      this.select(person.id);
    }
  }

  select(id) {
    this.selected = id;
    this.#unread.delete(id);
    for (const one of this.#tabs.keys()) {
      this.#draw(one);
    }
    this.onChange(id);
  }

  /** A message came to somebody who is not looked at. */
  note(id, { isSilent }) {
    const before = this.#unread.get(id) ?? { count: 0, isLoud: false };
    const isLoud = before.isLoud || !isSilent;
    this.#unread.set(id, { count: before.count + 1, isLoud });
    this.#draw(id);
  }

  #draw(id) {
    const known = this.#tabs.get(id);
    if (!known) {
      return;
    }
    const { tab, person } = known;
    const isSelected = id === this.selected;
    tab.setAttribute("aria-selected", String(isSelected));
    tab.tabIndex = isSelected ? 0 : -1;
    const initial = make("span", { class: "initial", "aria-hidden": "true" }, person.name[0]);
    const name = make("span", { class: "name" }, person.name);
    const role = person.role ? make("span", { class: "role" }, person.role) : null;
    tab.replaceChildren(...[initial, name, role, this.#badge(id)].filter(Boolean));
  }

  #badge(id) {
    const unread = this.#unread.get(id);
    if (!unread) {
      return null;
    }
    const words = make("span", { class: "unseen" }, " unread");
    const bell = make("span", { "aria-hidden": "true" }, unread.isLoud ? "🔔" : "🔕");
    const kind = unread.isLoud ? "badge" : "badge silent";
    return make("span", { class: kind }, bell, String(unread.count), words);
  }

  #walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      const ids = [...this.#tabs.keys()];
      const at = (ids.indexOf(this.selected) + step + ids.length) % ids.length;
      this.select(ids[at]);
      this.#tabs.get(ids[at]).tab.focus();
      event.preventDefault();
    }
  }
}
