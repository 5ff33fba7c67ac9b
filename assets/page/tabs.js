// The tab that is shown is in the address, after its #: a reload stays on it, back leads to the one before, and a link
// opens it. The first tab's address is the plain one.
import { whenThere } from "./there.js";

const button = (name) => document.getElementById(`tab-${name}-button`);
const named = () => location.hash.slice(1);

export const showTab = (name) => button(name)?.click();

export function startTabs() {
  whenThere("#tabs [role=tab][id^=tab-]", ({ parentElement: bar }) => {
    const first = bar.querySelector("[role=tab]").dataset.tabId;
    const shown = () => bar.querySelector("[role=tab][aria-selected=true]")?.dataset.tabId;
    const follow = () => shown() !== (named() || first) && showTab(button(named()) ? named() : first);

    new MutationObserver(() => {
      const now = shown();
      if (!now || now === (named() || first)) return;
      // An address that names no tab is put right: back would lead to it for ever.
      const known = !named() || button(named());
      const address = location.pathname + location.search + (now === first ? "" : `#${now}`);
      history[known ? "pushState" : "replaceState"](null, "", address);
    }).observe(bar, { subtree: true, attributes: true, attributeFilter: ["aria-selected"] });
    addEventListener("popstate", follow);
    follow();
  });
}
