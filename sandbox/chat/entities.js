/** A text and what is marked in it, as elements. Offsets count UTF-16 units, as strings here do. */

import { copy } from "./actions.js";
import { make, makePressable } from "./elements.js";

const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};
const SAFE_ADDRESS = /^(https?:|mailto:)/i;

/** Shape: a fragment; `say` sends a command that was pressed in the text. */
export function drawText(text, entities, say) {
  const inOrder = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  const fragment = document.createDocumentFragment();
  fill(fragment, text, { begin: 0, end: text.length }, inOrder, say);
  return fragment;
}

function fill(parent, text, { begin, end }, entities, say) {
  let at = begin;
  let rest = entities;
  while (rest.length > 0) {
    const [first, ...others] = rest;
    const from = Math.max(first.offset, at);
    const to = Math.min(first.offset + first.length, end);
    rest = others;
    if (from < to) {
      parent.append(text.slice(at, from));
      const element = elementFor(first, text.slice(from, to), say);
      const inside = others.filter((other) => other.offset < to);
      fill(element, text, { begin: from, end: to }, inside, say);
      parent.append(element);
      at = to;
      rest = others.filter((other) => other.offset + other.length > to);
    }
  }
  parent.append(text.slice(at, end));
}

function elementFor(entity, text, say) {
  switch (entity.type) {
    case "code":
      return makePressable("code", { title: "Press to copy" }, () => copy(text));
    case "pre":
      return makePressable("pre", { title: "Press to copy" }, () => copy(text));
    case "spoiler":
      return spoiler();
    case "bot_command":
      return makePressable("span", { class: "link" }, () => say(text));
    case "text_link":
      return link(entity.url);
    case "url":
      return link(/^[a-z]+:/i.test(text) ? text : `https://${text}`);
    case "email":
      return link(`mailto:${text}`);
    default:
      return make(TAGS[entity.type] ?? "span");
  }
}

function link(address) {
  if (!SAFE_ADDRESS.test(address)) {
    return make("span", { class: "link", title: address });
  }
  return make("a", { href: address, target: "_blank", rel: "noopener noreferrer" });
}

function spoiler() {
  const hidden = { class: "spoiler", "aria-label": "Hidden text, press to show" };
  const element = makePressable("span", hidden, () => {
    element.classList.add("shown");
    element.removeAttribute("aria-label");
  });
  return element;
}
