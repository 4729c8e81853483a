/** What the page asks the server to do. */

import { toast } from "./notices.js";

/** Shape: what the server says to it; null, and a notice on the page, when it was refused. */
export async function act(action, fields = {}) {
  try {
    const response = await fetch(`/do/${action}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(fields),
    });
    if (response.ok) {
      return await response.json();
    }
    toast(await response.text());
  } catch {
    toast("The sandbox does not answer.");
  }
  return null;
}

/** Put text on the clipboard and say so. */
export async function copy(text, said = "Copied to clipboard") {
  try {
    await navigator.clipboard.writeText(text);
    toast(said);
  } catch {
    toast("This browser does not let the page copy.");
  }
}
