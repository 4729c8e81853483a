/** The page: what the server tells goes into the store, and every part of the page listens. */

import { Chat } from "./chat.js";
import { byId, setHidden } from "./elements.js";
import { follow, Store } from "./feed.js";
import { connectDoor, drawPanel, turnPanel } from "./panel.js";
import { showBar } from "./process.js";

const SAID = { running: "bot", absent: "bot", starting: "starting…", stopping: "stopping…" };

const store = new Store();
const chat = new Chat(store);
let connection = "connecting";
let drawnFor = "";

function showStatus() {
  const process = store.get("bot/process");
  showBar(process, connection);
  let said = "connecting…";
  if (process && connection === "open") {
    said = SAID[process.state] ?? "not running";
    said = said === "bot" && chat.isTyping ? "typing…" : said;
  }
  if (byId("bot-status").textContent !== said) {
    byId("bot-status").textContent = said;
  }
}

/** The mode is told first and once a run: it decides what there is to show. */
function showMode() {
  const mode = store.get("sandbox/mode");
  if (!mode || drawnFor === mode.telegram + mode.bloomsms) {
    return;
  }
  drawnFor = mode.telegram + mode.bloomsms;
  const [isTelegramHere, isBloomsmsHere] = [mode.telegram !== "", mode.bloomsms !== ""];
  setHidden(byId("chat"), !isTelegramHere);
  document.body.classList.toggle("panel-only", !isTelegramHere);
  byId("unreal").textContent = unreality(isTelegramHere, isBloomsmsHere);
  byId("unreal").classList.toggle("warning", !isBloomsmsHere);
  turnPanel(false);
  drawPanel(store, { ...mode, isTelegramHere, isBloomsmsHere });
}

function unreality(isTelegramHere, isBloomsmsHere) {
  if (!isBloomsmsHere) {
    return "BloomSMS is real: numbers cost money";
  }
  return isTelegramHere ? "Nothing here is real" : "The chat is on the real Telegram";
}

function turnConnection(to) {
  connection = to;
  showStatus();
}

store.listen("sandbox/mode", showMode);
store.listen("bot/process", showStatus);
chat.onTyping = showStatus;
connectDoor();
follow(store, {
  onLost: () => turnConnection("lost"),
  onBack: () => turnConnection("open"),
});
if (!matchMedia("(pointer: coarse)").matches) {
  chat.composer.focus();
}
