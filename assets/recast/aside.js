// Jobs that go on while the next one is set up: a line for each, which leads back to it.
import { h } from "../page/dom.js";
import { icon } from "../page/icons.js";
import { finished } from "./job.js";

const ENDS = { done: "Done", failed: "Failed", cancelled: "Cancelled" };

// `show` is given the job whose line was pressed.
export function makeAside(show) {
  const lines = new Map();
  const element = h("ul", { class: "asides", "aria-label": "Other jobs under way", hidden: true });

  function remove(name) {
    const line = lines.get(name);
    const focused = line?.element.contains(document.activeElement);
    line?.element.remove();
    lines.delete(name);
    element.hidden = !lines.size;
    if (focused) element.querySelector("button")?.focus();
  }

  function add(job) {
    if (lines.has(job.id)) return;
    const state = h("span", { class: "soft", role: "status" });
    const away = h("button", { type: "button", class: "tool", "aria-label": "Put away", title: "Put away", hidden: true, onclick: () => remove(job.id) }, icon("close"));
    const line = {
      job,
      element: h("li", {}, h("b", { class: "verbatim" }, job.target?.name ?? ""), state, h("span", { class: "grow" }),
        h("button", { type: "button", class: "link", onclick: () => show(line.job) }, "Show"), away),
    };
    const draw = (now) => {
      line.job = now;
      const text = ENDS[now.state] ?? (now.state === "queued" ? "Waiting" : share(now));
      if (state.textContent !== text) state.textContent = text;
      line.element.dataset.state = now.state;
      away.hidden = !ENDS[now.state];
    };
    lines.set(job.id, line);
    element.append(line.element);
    element.hidden = false;
    draw(job);
    finished(job.id, (now) => lines.get(job.id) === line && draw(now), () => lines.get(job.id) !== line)
      .then((now) => now && draw(now), (error) => error.code === "job_unknown" && lines.get(job.id) === line && remove(job.id));
  }

  return { element, add, remove };
}

const share = ({ progress }) => (progress?.total ? `${Math.round((100 * progress.done) / progress.total)} %` : "Starting…");
