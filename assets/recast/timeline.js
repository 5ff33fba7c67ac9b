// Under a video's preview: where in it one looks, and which part of it is recast.
import { desk, secondsOf, setMoment, setTrim } from "./desk.js";
import { clock, h } from "../page/dom.js";

export function makeTimeline() {
  const ruler = (label, act, kind) =>
    h("input", { type: "range", min: "0", step: "0.01", class: kind, "aria-label": label, oninput: act });
  const moment = ruler("Moment shown", () => {
    setMoment(Number(moment.value));
    draw();
  }, "moment");
  const from = ruler("Start of the part", () => trim("from"), "trim from");
  const to = ruler("End of the part", () => trim("to"), "trim to");
  const now = h("output", { class: "now" });
  const part = h("span", { class: "part" });
  const whole = h("button", { type: "button", class: "link", onclick: () => {
    setTrim(0, desk.target.duration);
    set();
  } }, "Whole video");
  const number = (label, name) => h("input", { type: "number", min: "1", step: "1", inputmode: "numeric", "aria-label": label, onchange: () => name() });
  const first = number("First frame", () => frame("first_frame", first));
  const last = number("Last frame", () => frame("last_frame", last));
  const frames = h("span", { class: "frames" }, h("span", {}, "Frames"), first, "–", last);
  const element = h(
    "div",
    { class: "timeline", hidden: true },
    h("div", { class: "track" }, h("i", { class: "kept" }), from, to, moment),
    h("div", { class: "times" }, now, h("span", { class: "grow" }), part, whole, frames),
  );
  const track = element.firstChild;

  function trim(which) {
    const least = Math.min(0.2, desk.target.duration / 4);
    if (which === "from" && from.value > to.value - least) from.value = String(to.value - least);
    if (which === "to" && to.value - least < from.value) to.value = String(Number(from.value) + least);
    const { first_frame, last_frame } = desk.frames;
    setTrim(Number(from.value), Number(to.value), which === "from" ? { first_frame: null, last_frame } : { first_frame, last_frame: null });
    moment.value = which === "from" ? from.value : String(Math.max(0, to.value - 0.05));
    setMoment(Number(moment.value));
    draw();
  }

  // A frame whose number was written is kept, whatever the rate is; on the ruler it lies about there.
  function frame(name, input) {
    const { rate, duration, first: one } = desk.target;
    const wanted = Math.floor(Number(input.value));
    const chosen = { ...desk.frames, [name]: wanted >= (name === "first_frame" ? one + 1 : one) ? wanted : null };
    if (chosen[name] && Number(last.value) < Number(first.value)) chosen.first_frame = chosen.last_frame = wanted;
    const { start = name === "first_frame" ? 0 : Number(from.value), end = name === "last_frame" ? duration : Number(to.value) } = secondsOf(chosen, desk.target);
    setTrim(start, Math.min(end, duration), chosen);
    set();
    setMoment(Math.min(name === "first_frame" ? start : end - 1 / rate, duration - 1 / rate));
    follow();
  }

  function draw() {
    const long = desk.target.duration;
    for (const [name, input] of [["--from", from], ["--to", to], ["--now", moment]])
      track.style.setProperty(name, String(input.value / long));
    for (const input of [from, to, moment]) input.setAttribute("aria-valuetext", clock(Number(input.value), true));
    now.textContent = `${clock(Number(moment.value), true)} / ${clock(long, true)}`;
    const trimmed = [...Object.values(desk.trim), ...Object.values(desk.frames)].some((one) => one !== null);
    part.textContent = trimmed ? `Part ${clock(Number(from.value), true)}–${clock(Number(to.value), true)}` : "Drag the ends to trim";
    whole.hidden = !trimmed;
    frames.hidden = !desk.target.rate;
    if (frames.hidden) return;
    const frame = (seconds) => Math.ceil(seconds * desk.target.rate - 0.01);
    const one = desk.target.first;
    for (const input of [first, last]) input.min = String(one);
    first.value = String(desk.frames.first_frame ?? frame(Number(from.value)) + one);
    last.value = String(desk.frames.last_frame ?? frame(Number(to.value)) + one - 1);
  }

  function set() {
    const { target, trim: kept } = desk;
    element.hidden = !target?.duration || target.kind === "image";
    if (element.hidden) return;
    for (const input of [moment, from, to]) input.max = String(target.duration);
    moment.value = String(desk.moment);
    from.value = String(kept.start ?? 0);
    to.value = String(kept.end ?? target.duration);
    draw();
  }

  // Shows where the desk is, whoever went there.
  function follow() {
    if (element.hidden || Number(moment.value) === desk.moment) return;
    moment.value = String(desk.moment);
    draw();
  }

  return { element, set, follow };
}
