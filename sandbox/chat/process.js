/** The bot's process: how it is, and the buttons that start and end it. */

import { act } from "./actions.js";
import { byId, make, setHidden } from "./elements.js";

const STATES = {
  starting: "The bot is starting…",
  running: "The bot is running.",
  stopping: "The bot is stopping…",
  stopped: "The bot is stopped.",
  died: "The bot ended by itself.",
  absent: "The bot is not run here: another program plays it.",
};

function describe(process) {
  if (process.state === "stopped" && process.ended_by === "kill") {
    return "The bot was killed (-9).";
  }
  return STATES[process.state];
}

export const isUp = (process) => ["starting", "running"].includes(process.state);

const isAbsent = (process) => process.state === "absent";

/** Shape: the section of the panel. */
export function process(store) {
  const dot = make("span", { class: "dot", "aria-hidden": "true" });
  const said = make("span", {});
  const words = make("pre", { class: "last-words", tabindex: "0", hidden: true });
  const buttons = {
    start: control("Start the bot", "bot-start", "solid"),
    restart: control("Restart", "bot-restart"),
    stop: control("Stop", "bot-stop"),
    kill: control("Kill the bot (-9)", "bot-kill", "plain danger"),
  };
  store.listen("bot/process", () => {
    const now = store.get("bot/process");
    dot.dataset.state = now.state;
    said.textContent = describe(now);
    words.textContent = now.last_words;
    setHidden(words, now.last_words === "");
    setHidden(buttons.start, isUp(now) || isAbsent(now));
    for (const name of ["restart", "stop", "kill"]) {
      setHidden(buttons[name], !isUp(now));
    }
    for (const button of Object.values(buttons)) {
      button.disabled = now.state === "stopping";
    }
  });
  return make(
    "section",
    {},
    make("h3", {}, "The bot"),
    make("p", { class: "state" }, dot, said),
    words,
    make("div", { class: "controls" }, ...Object.values(buttons)),
  );
}

function control(label, action, kind = "plain") {
  return make("button", { type: "button", class: kind, on: { click: () => act(action) } }, label);
}

/** The line above the chat that says when nobody will answer. */
export function showBar(process, connection) {
  const bar = byId("bot-bar");
  if (connection === "lost") {
    bar.replaceChildren("The sandbox does not answer. Was it stopped? Start it again.");
  } else if (process && !isUp(process) && !isAbsent(process) && process.state !== "stopping") {
    const start = make(
      "button",
      { type: "button", class: "solid", on: { click: () => act("bot-start") } },
      "Start the bot",
    );
    bar.replaceChildren(`${describe(process)} Nobody answers until it is started.`, start);
  } else {
    setHidden(bar, true);
    return;
  }
  setHidden(bar, false);
}
