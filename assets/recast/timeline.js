// Under a video's preview: where in it one looks, and which part of it is recast.
import { desk, setMoment, setTrim } from "./desk.js";
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
  const element = h(
    "div",
    { class: "timeline", hidden: true },
    h("div", { class: "track" }, h("i", { class: "kept" }), from, to, moment),
    h("div", { class: "times" }, now, h("span", { class: "grow" }), part, whole),
  );
  const track = element.firstChild;

  function trim(which) {
    const least = Math.min(0.2, desk.target.duration / 4);
    if (which === "from" && from.value > to.value - least) from.value = String(to.value - least);
    if (which === "to" && to.value - least < from.value) to.value = String(Number(from.value) + least);
    setTrim(Number(from.value), Number(to.value));
    moment.value = which === "from" ? from.value : String(Math.max(0, to.value - 0.05));
    setMoment(Number(moment.value));
    draw();
  }

  function draw() {
    const long = desk.target.duration;
    for (const [name, input] of [["--from", from], ["--to", to], ["--now", moment]])
      track.style.setProperty(name, String(input.value / long));
    for (const input of [from, to, moment]) input.setAttribute("aria-valuetext", clock(Number(input.value), true));
    now.textContent = `${clock(Number(moment.value), true)} / ${clock(long, true)}`;
    const trimmed = desk.trim.start !== null || desk.trim.end !== null;
    part.textContent = trimmed ? `Part ${clock(Number(from.value), true)}–${clock(Number(to.value), true)}` : "Drag the ends to trim";
    whole.hidden = !trimmed;
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
