/** Making elements. Text only ever becomes text: nothing here reads markup. */

export const byId = (id) => document.getElementById(id);

/** Shape: `on` holds listeners; an attribute that is false or missing is left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  const { on = {}, ...plain } = attributes;
  for (const [event, listener] of Object.entries(on)) {
    element.addEventListener(event, listener);
  }
  for (const [name, value] of Object.entries(plain)) {
    if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A button in the middle of a text, which may break over lines as a real button cannot. */
export function makePressable(tag, attributes, act, ...children) {
  const keydown = (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      act();
    }
  };
  const on = { click: act, keydown };
  return make(tag, { role: "button", tabindex: "0", ...attributes, on }, ...children);
}

export function setHidden(element, isHidden) {
  if (element.hidden !== isHidden) {
    element.hidden = isHidden;
  }
}

/** Units: seconds since 1970. */
export function timeOf(seconds, style = { hour: "2-digit", minute: "2-digit" }) {
  return new Date(seconds * 1000).toLocaleTimeString([], style);
}
