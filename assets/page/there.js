// Gradio draws the page when it has read its configuration: acts on an element as soon as it is there.
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
