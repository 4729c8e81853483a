/** What the server told, part by part, and who wants to hear of which. */

export class Store {
  #parts = new Map();
  #listeners = [];

  /** The part with this name; null when there is none. */
  get(name) {
    return this.#parts.get(name) ?? null;
  }

  /** Shape: the parts whose names begin so. */
  all(prefix) {
    const found = [...this.#parts].filter(([name]) => name.startsWith(prefix));
    return found.map(([, part]) => part);
  }

  /** `hear(changed, isWhole)` gets a Map of name to part, null for what is gone. */
  listen(prefix, hear) {
    this.#listeners.push({ prefix, hear });
  }

  /** Take in what came; `is_whole` marks what was there before the page looked. */
  take({ is_whole: isWhole, parts }) {
    const changed = new Map(Object.entries(parts));
    for (const [name, part] of changed) {
      if (part === null) {
        this.#parts.delete(name);
      } else {
        this.#parts.set(name, part);
      }
    }
    for (const { prefix, hear } of this.#listeners) {
      const theirs = new Map([...changed].filter(([name]) => name.startsWith(prefix)));
      if (theirs.size > 0) {
        hear(theirs, isWhole);
      }
    }
  }
}

/** Listen to the server for ever; the browser connects again by itself. */
export function follow(store, { onLost, onBack }) {
  const source = new EventSource("/events");
  let hasHeard = false;
  source.addEventListener("message", (event) => {
    const news = JSON.parse(event.data);
    if (news.is_whole && hasHeard) {
      location.reload(); // another run of the sandbox: nothing of the old one is true
      return;
    }
    hasHeard = true;
    store.take(news);
  });
  source.addEventListener("open", onBack);
  source.addEventListener("error", onLost);
}
