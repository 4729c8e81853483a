/** The log of HTTP calls: what the bot asked, and what it was told. */

import { make, setHidden, timeOf } from "./elements.js";

const KINDS = { telegram: "Telegram", bloomsms: "BloomSMS" };
const MOST_SHOWN = 150;
const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };

export class Calls {
  #rows = new Map();

  constructor(store) {
    this.filter = make("select", { id: "calls-of" });
    for (const [value, name] of [["", "Both services"], ...Object.entries(KINDS)]) {
      this.filter.append(make("option", { value }, name));
    }
    this.filter.addEventListener("change", () => this.#filterAll());
    this.list = make("div", { class: "calls" });
    this.element = make(
      "div",
      {},
      make("p", { class: "line" }, make("label", { for: "calls-of" }, "Show"), this.filter),
      make("p", { class: "quiet" }, "Newest first. Tokens and keys are hidden, empty polls left out."),
      this.list,
    );
    store.listen("call/", (changed) => this.#hear(changed));
  }

  #hear(changed) {
    const inOrder = [...changed].sort(([, a], [, b]) => (a?.at ?? 0) - (b?.at ?? 0));
    for (const [name, call] of inOrder) {
      if (call === null) {
        this.#rows.get(name)?.element.remove();
        this.#rows.delete(name);
      } else {
        this.#put(name, call);
      }
    }
    while (this.list.children.length > MOST_SHOWN) {
      this.list.lastElementChild.remove();
    }
  }

  #put(name, call) {
    let row = this.#rows.get(name);
    if (!row) {
      row = new Row(call);
      this.#rows.set(name, row);
      const older = [...this.list.children].find((one) => Number(one.dataset.at) <= call.at);
      this.list.insertBefore(row.element, older ?? null);
    }
    row.show(call);
    setHidden(row.element, !this.#fits(call));
  }

  #fits(call) {
    return this.filter.value === "" || this.filter.value === call.to;
  }

  #filterAll() {
    for (const row of this.#rows.values()) {
      setHidden(row.element, !this.#fits(row.call));
    }
  }
}

class Row {
  constructor(call) {
    this.summary = make("summary", {});
    this.bodies = make("div", { class: "bodies" });
    this.element = make("details", { class: `call to-${call.to}` }, this.summary, this.bodies);
    this.element.dataset.at = call.at;
    this.element.addEventListener("toggle", () => this.#showBodies());
  }

  show(call) {
    this.call = call;
    const status = call.status === 0 ? "…" : String(call.status);
    const isBad = call.status === 0 || call.status >= 400;
    this.summary.replaceChildren(
      make("span", { class: isBad ? "code bad" : "code" }, status),
      make("span", { class: "title" }, call.title),
      make("span", { class: "at" }, timeOf(call.at, CLOCK)),
    );
    this.#showBodies();
  }

  /** Bodies can be long; they are drawn for whoever looks. */
  #showBodies() {
    if (!this.element.open) {
      return;
    }
    const { request, answer, note, status } = this.call;
    const none = status === 0 ? "no answer" : "empty";
    this.bodies.replaceChildren(
      body("Asked", request || "empty"),
      body("Answered", answer || none),
      note ? make("p", { class: "quiet" }, `Fault: ${note}`) : "",
    );
  }
}

function body(title, text) {
  return make(
    "div",
    {},
    make("h4", {}, title),
    make("pre", { tabindex: "0", "aria-label": title }, text),
  );
}
