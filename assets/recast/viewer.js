// Before and after in one place, divided by a line that is dragged, or moved with the arrow keys. Zooms to a face.
import { h } from "../page/dom.js";
import { icon } from "../page/icons.js";

export function makeViewer() {
  const before = h("div", { class: "layer before" }, h("div", { class: "zoomed" }));
  const after = h("div", { class: "layer after" }, h("div", { class: "zoomed" }));
  const paint = h("div", { class: "layer paint" }, h("div", { class: "zoomed" }));
  const slider = h("input", { type: "range", min: "0", max: "100", step: "1", value: "50", class: "split-range", "aria-label": "Divide before and after" });
  const line = h("div", { class: "split-line", "aria-hidden": "true" }, h("i", {}, icon("split")));
  const tags = [h("span", { class: "tag left" }, "Before"), h("span", { class: "tag right" }, "After")];
  const canvas = h("div", { class: "canvas" }, before, after, line, slider, tags, paint, h("i", { class: "working", "aria-hidden": "true" }));
  const element = h("div", { class: "viewer" }, canvas);
  let zoom = null;

  const divide = (share) => {
    slider.value = String(Math.round(share * 100));
    canvas.style.setProperty("--at", `${share * 100}%`);
    canvas.dataset.side = share < 0.08 ? "after" : share > 0.92 ? "before" : "both";
  };
  slider.addEventListener("input", () => divide(slider.value / 100));

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !canvas.classList.contains("divided") || canvas.classList.contains("painting")) return;
    event.preventDefault();
    slider.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    const move = ({ clientX }) => {
      const box = canvas.getBoundingClientRect();
      divide(Math.min(1, Math.max(0, (clientX - box.left) / box.width)));
    };
    move(event);
    canvas.addEventListener("pointermove", move);
    const end = () => canvas.removeEventListener("pointermove", move);
    canvas.addEventListener("pointerup", end, { once: true });
    canvas.addEventListener("pointercancel", end, { once: true });
  });

  // `media` is an image or a video, or null for nothing. An image that is not loaded yet does not replace the one shown.
  function put(layer, media) {
    const inside = layer.firstChild;
    if (!media) inside.replaceChildren();
    else if (media.tagName === "IMG" && !media.complete) media.decode().then(() => inside.replaceChildren(media), () => {});
    else inside.replaceChildren(media);
  }

  function show({ width, height, before: old, after: fresh }) {
    canvas.style.setProperty("--ratio", String(width / height));
    if (old !== undefined) put(before, old);
    if (fresh !== undefined) {
      put(after, fresh);
      canvas.classList.toggle("divided", Boolean(fresh && (old ?? before.firstChild.firstChild)));
    }
    setZoom(zoom);
  }

  // `box`: x0, y0, x1, y1 in shares of the picture; null for the whole.
  function setZoom(box) {
    zoom = box;
    const { style } = canvas;
    canvas.classList.toggle("close", Boolean(box));
    if (!box) return style.removeProperty("--zoom");
    const [x0, y0, x1, y1] = box;
    const scale = Math.min(8, Math.max(1, 0.62 / Math.max(x1 - x0, y1 - y0)));
    const hold = (middle) => Math.min(0, Math.max(1 - scale, 0.5 - middle * scale));
    style.setProperty("--zoom", String(scale));
    style.setProperty("--x", `${hold((x0 + x1) / 2) * 100}%`);
    style.setProperty("--y", `${hold((y0 + y1) / 2) * 100}%`);
  }

  // Draws the line over the picture once, so that one sees what happened; it comes to rest at `share`.
  function reveal(share) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return divide(share);
    const begin = performance.now();
    const step = (now) => {
      const t = Math.min(1, (now - begin) / 900);
      divide(1 + (share - 1) * (1 - (1 - t) ** 3));
      if (t < 1 && !canvas.matches(":active")) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  // Something to paint on, over both pictures and zoomed with them; null takes it away.
  function paintOn(sheet) {
    paint.firstChild.replaceChildren(...(sheet ? [sheet] : []));
    canvas.classList.toggle("painting", Boolean(sheet));
    slider.disabled = Boolean(sheet);
    if (sheet) divide(0);
  }

  divide(0.5);
  return {
    element, show, setZoom, divide, reveal, paintOn,
    get zoomed() { return zoom !== null; },
    working: (busy) => canvas.classList.toggle("busy", busy),
  };
}

// Where the line rests beside a face, so that all of it is seen as it is after.
export const beside = (faces) => (faces.length ? Math.min(0.5, Math.max(0.06, Math.min(...faces.map(([x0]) => x0)) - 0.05)) : 0.18);

export const image = (url, alt) => h("img", { src: url, alt, draggable: "false" });
