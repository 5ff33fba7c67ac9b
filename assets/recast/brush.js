// The brush: paints over what is to stay as it is in the target. What was painted is laid by the server on the face that
// it is on, and follows that face and no other from there on, so the sheet shows at every moment where it lies.
//
// By keyboard: the sheet takes the focus, arrow keys lead the brush, space paints.
import { desk, on as hear, setExcluded } from "./desk.js";
import { h } from "../page/dom.js";
import { icon } from "../page/icons.js";
import * as server from "./server.js";

const SIDE = 1280; // of the sheet, at most
const COLOUR = "#7c3aed";
const SIZES = [0.015, 0.3]; // radius of the brush in parts of the face's width
const HELP = "Arrow keys move the brush, space paints, [ and ] change its size, E erases, Escape ends.";

// `say` shows a sentence, `faces` answers their boxes, `framed` the moment whose frame is shown.
export function makeBrush(viewer, { say, faces, framed }) {
  const sheet = h("canvas", { class: "sheet", tabIndex: 0, role: "application", "aria-label": "Painting over the frame", "aria-describedby": "brush-help" });
  const ring = h("i", { class: "ring", "aria-hidden": "true" });
  const place = h("div", { class: "sheet-place" }, sheet, ring);
  const strokes = h("canvas");
  const size = h("input", { type: "range", min: "0", max: "1", step: "0.02", value: "0.35", "aria-label": "Size of the brush" });
  const tool = (name, label, act, properties = {}) =>
    h("button", { type: "button", class: "tool", "aria-label": label, title: label, onclick: act, ...properties }, icon(name));
  const paints = tool("brush", "Paint", () => erasing(false), { "aria-pressed": "true" });
  const erases = tool("eraser", "Erase", () => erasing(true), { "aria-pressed": "false" });
  const undo = tool("undo", "Undo", takeBack, { disabled: true });
  const clear = tool("bin", "Clear all that is painted", () => change({}), { disabled: true });
  const element = h("div", { class: "brush", role: "group", "aria-label": "Brush", hidden: true },
    h("p", {}, "Paint over what is to stay as it is. It follows the face that it is on, and no other."),
    h("div", { class: "brush-tools" }, paints, erases, h("label", { class: "brush-size" }, h("span", {}, "Size"), size), undo, clear),
    h("p", { class: "soft keys", id: "brush-help" }, HELP));
  const button = tool("brush", "Leave parts as they are", () => (on ? end() : begin()), { "aria-pressed": "false", "aria-expanded": "false" });
  let on = false;
  let erase = false;
  let drawing = null; // the last point of the stroke that is being drawn
  let at = { x: 0.5, y: 0.5 }; // of the brush, in shares of the frame
  let before = []; // what was excluded before each change
  let waiting = Promise.resolve(); // until the server knows all strokes

  // --- its state

  function begin() {
    on = true;
    const { width, height } = desk.target;
    const scale = Math.min(1, SIDE / Math.max(width, height));
    for (const one of [sheet, strokes]) Object.assign(one, { width: Math.round(width * scale), height: Math.round(height * scale) });
    const [face] = faces();
    if (face) at = { x: (face[0] + face[2]) / 2, y: (face[1] + face[3]) / 2 };
    viewer.paintOn(place);
    shown();
    refresh();
    sheet.focus({ preventScroll: true });
  }

  function end() {
    if (!on) return;
    on = false;
    drawing = null;
    viewer.paintOn(null);
    viewer.divide(0.5);
    shown();
  }

  function shown() {
    element.hidden = !on;
    button.setAttribute("aria-pressed", String(on));
    button.setAttribute("aria-expanded", String(on));
    button.classList.toggle("used", Boolean(desk.excluded.exclude));
    clear.disabled = !desk.excluded.exclude;
    undo.disabled = !before.length;
    lead();
  }

  function erasing(now) {
    erase = now;
    paints.setAttribute("aria-pressed", String(!now));
    erases.setAttribute("aria-pressed", String(now));
    ring.classList.toggle("erases", now);
  }

  // In pixels of the sheet.
  function radius() {
    const widths = faces().map(([x0, , x1]) => x1 - x0);
    const face = (widths.length ? Math.max(...widths) : 0.25) * sheet.width;
    return Math.max(1.5, face * (SIZES[0] + (SIZES[1] - SIZES[0]) * Number(size.value) ** 2));
  }

  function lead() {
    const share = (2 * radius()) / sheet.width;
    size.style.setProperty("--at", size.value);
    Object.assign(ring.style, { left: `${at.x * 100}%`, top: `${at.y * 100}%`, width: `${share * 100}%` });
  }

  // --- strokes

  function draw(from, to) {
    for (const [one, colour] of [[sheet, COLOUR], [strokes, "#fff"]]) {
      const pen = one.getContext("2d");
      pen.globalCompositeOperation = one === sheet && erase ? "destination-out" : "source-over";
      Object.assign(pen, { lineCap: "round", lineJoin: "round", strokeStyle: colour, lineWidth: 2 * radius() });
      pen.beginPath();
      pen.moveTo(from.x * one.width, from.y * one.height);
      pen.lineTo(to.x * one.width + 0.01, to.y * one.height);
      pen.stroke();
    }
    drawing = to;
  }

  function start() {
    const pen = strokes.getContext("2d");
    Object.assign(pen, { globalCompositeOperation: "source-over", fillStyle: "#000" });
    pen.fillRect(0, 0, strokes.width, strokes.height);
    draw(at, at);
  }

  function finish() {
    if (!drawing) return;
    drawing = null;
    const order = { target: desk.target.path, moment: framed(), strokes: strokes.toDataURL("image/png").split(",")[1], erase };
    waiting = waiting.then(() => send(order));
  }

  async function send(order) {
    try {
      const { exclude, shown: where } = await laid(order);
      if (order.target !== desk.target?.path) return;
      before.push(desk.excluded);
      setExcluded(exclude.length ? { exclude } : {});
      await paint(where);
    } catch (error) {
      say(error.message, "fatal");
      refresh();
    }
    shown();
  }

  // What is excluded, as the server lays it on whoever is known by now.
  const laid = (order) => server.painted({ ...order, excluded: { ...desk.excluded, rate: desk.options.rate }, people: desk.people?.search ?? null });

  // Who was painted on before anybody had looked who that is becomes a person once it is known.
  hear("people", () => {
    if (desk.people?.state !== "found" || !desk.excluded.exclude?.some?.(({ whose }) => whose.includes("@"))) return;
    const order = { target: desk.target.path, moment: framed() };
    waiting = waiting.then(async () => {
      const { exclude } = await laid(order).catch(() => ({}));
      if (exclude?.length && order.target === desk.target?.path) setExcluded({ exclude });
    });
  });

  function takeBack() {
    if (!before.length) return;
    setExcluded(before.pop());
    refresh();
    shown();
  }

  function change(excluded) {
    before.push(desk.excluded);
    setExcluded(excluded);
    refresh();
    shown();
    sheet.focus({ preventScroll: true });
  }

  // --- what lies on the sheet

  async function paint(where) {
    const pen = sheet.getContext("2d");
    const mask = where && new Image();
    if (mask) {
      mask.src = where;
      await mask.decode();
    }
    // A stroke that is being drawn meanwhile is not wiped away.
    if (drawing) return;
    pen.globalCompositeOperation = "source-over";
    pen.clearRect(0, 0, sheet.width, sheet.height);
    if (!mask) return;
    pen.drawImage(mask, 0, 0, sheet.width, sheet.height);
    Object.assign(pen, { globalCompositeOperation: "source-in", fillStyle: COLOUR });
    pen.fillRect(0, 0, sheet.width, sheet.height);
  }

  // Shows what is excluded on the frame that is on the stage.
  async function refresh() {
    if (!on) return;
    lead();
    if (!desk.excluded.exclude) return paint(null);
    const target = desk.target.path;
    const moment = framed();
    try {
      const { exclude, shown: where } = await laid({ target, moment });
      if (!on || target !== desk.target?.path || moment !== framed()) return;
      // Where a mask lay over a frame, it is on the face by now.
      if (desk.excluded.exclude_at != null) desk.excluded = { exclude };
      await paint(where);
    } catch (error) {
      say(error.message, "fatal");
    }
  }

  // --- hands

  function point(event) {
    const box = sheet.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  }

  sheet.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    sheet.setPointerCapture(event.pointerId);
    sheet.focus({ preventScroll: true });
    at = point(event);
    lead();
    start();
  });
  sheet.addEventListener("pointermove", (event) => {
    const steps = event.getCoalescedEvents?.() ?? [];
    for (const step of steps.length ? steps : [event]) {
      at = point(step);
      if (drawing) draw(drawing, at);
    }
    lead();
  });
  for (const name of ["pointerup", "pointercancel"]) sheet.addEventListener(name, finish);

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  sheet.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== "z") return;
      takeBack();
    } else if (event.key in ARROWS) {
      const [x, y] = ARROWS[event.key];
      const step = event.shiftKey ? 0.25 * radius() : 0.8 * radius();
      const hold = (value) => Math.min(1, Math.max(0, value));
      const next = { x: hold(at.x + (x * step) / sheet.width), y: hold(at.y + (y * step) / sheet.height) };
      if (drawing) draw(at, next);
      at = next;
      lead();
    } else if (event.key === " ") {
      if (!drawing) start();
    } else if (event.key === "[" || event.key === "]") {
      size.value = String(Number(size.value) + (event.key === "]" ? 0.1 : -0.1));
      lead();
    } else if (event.key === "e" || event.key === "E") erasing(!erase);
    else if (event.key === "Escape") {
      end();
      button.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  sheet.addEventListener("keyup", (event) => event.key === " " && finish());
  sheet.addEventListener("blur", finish);
  size.addEventListener("input", lead);

  return {
    button, element, end, refresh,
    forget: () => {
      before = [];
      end();
    },
    get on() { return on; },
  };
}
