// The page's own scripts: language, light or dark, the device, and who this browser is. Tabs load theirs with
// `recast.ready`: it settles when this has run.
import { startWords } from "./words.js";
import { startScheme } from "./scheme.js";
import { startDevice } from "./device.js";
import { owner } from "./owner.js";

recast.owner = owner;

// Gradio draws the masthead when it has read its configuration.
export function whenThere(selector, act) {
  const found = document.querySelector(selector);
  if (found) return act(found);
  const watch = new MutationObserver(() => {
    const found = document.querySelector(selector);
    if (!found) return;
    watch.disconnect();
    act(found);
  });
  watch.observe(document.documentElement, { childList: true, subtree: true });
}

startWords(whenThere);
startScheme(whenThere);
startDevice(whenThere);
