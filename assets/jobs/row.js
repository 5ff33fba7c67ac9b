// One job as a row. It is made once and told of each change, so that whoever has the focus in it keeps it.
import { clock, h, size } from "../page/dom.js";
import { icon } from "../page/icons.js";
import { address } from "../recast/server.js";
import { picture } from "./server.js";

const STATES = { queued: "Waiting", running: "Running", done: "Done", failed: "Failed", cancelled: "Cancelled" };
const KINDS = { picture: "Picture", video: "Video", comparison: "Comparison", live: "Live recording" };

export class Row {
  // `acts`: open, show, cancel, again, remove, move(id, step), each given the job.
  constructor(job, acts) {
    this.job = job;
    this.acts = acts;
    const button = (name, label, drawing, act) => {
      const made = h(
        "button",
        { type: "button", class: `job-act ${name}`, "aria-describedby": `job-name-${job.id}`, onclick: () => act(this.job) },
        drawing, h("span", {}, label),
      );
      this[name] = made;
      return made;
    };
    this.target = h("img", { alt: "", draggable: "false" });
    this.face = h("img", { class: "job-face", alt: "", draggable: "false", hidden: true });
    this.kind = h("span", { class: "job-kind", "aria-hidden": "true" });
    this.look = h(
      "button",
      { type: "button", class: "job-look", "aria-label": "Look at it", "aria-describedby": `job-name-${job.id}`, onclick: () => acts.show(this.job) },
      this.target, this.face, this.kind,
    );
    this.name = h("b", { class: "job-name verbatim", id: `job-name-${job.id}` });
    this.state = h("span", { class: "job-state" });
    this.facts = h("span", { class: "job-facts" });
    this.when = h("time", { class: "job-when verbatim" });
    this.bar = h("i");
    this.meter = h("div", { class: "job-meter", role: "progressbar", "aria-label": "Progress", "aria-valuemin": "0", "aria-valuemax": "100" }, this.bar);
    this.said = h("p", { class: "job-said" });
    this.up = h("button", { type: "button", class: "job-turn", "aria-label": "Earlier", title: "Earlier", onclick: () => acts.move(this.job, -1) }, icon("up"));
    this.down = h("button", { type: "button", class: "job-turn", "aria-label": "Later", title: "Later", onclick: () => acts.move(this.job, 1) }, icon("down"));
    this.turns = h("div", { class: "job-turns" }, this.up, this.down);
    this.download = h("a", { class: "job-act download", "aria-describedby": `job-name-${job.id}` }, icon("download"), h("span", {}, "Download"));
    this.element = h(
      "li",
      { class: "job", id: `job-${job.id}`, "data-id": job.id },
      this.turns,
      this.look,
      h("div", { class: "job-words" },
        h("div", { class: "job-line" }, this.name, this.state),
        h("p", { class: "job-line soft" }, this.facts, this.when),
        this.meter, this.said),
      h("div", { class: "job-acts" },
        this.download,
        button("open", "Open", icon("wide"), acts.open),
        button("again", "Do again", icon("redo"), acts.again),
        button("cancel", "Cancel", icon("close"), acts.cancel),
        button("remove", "Delete", icon("bin"), acts.remove)),
    );
    this.set(job);
  }

  set(job) {
    this.job = job;
    this.element.dataset.state = job.state;
    text(this.name, job.name);
    this.name.title = job.name;
    text(this.state, STATES[job.state]);
    text(this.facts, facts(job).join(" · "));
    this.when.dateTime = new Date(job.created * 1000).toISOString();
    text(this.when, ago(job.finished ?? job.created));
    this.when.title = new Date(job.created * 1000).toLocaleString(document.documentElement.lang || undefined);
    const done = job.progress?.total ? job.progress.done / job.progress.total : 0;
    this.meter.hidden = job.state !== "running";
    this.meter.setAttribute("aria-valuenow", String(Math.round(100 * done)));
    this.bar.style.width = `${100 * done}%`;
    text(this.said, job.state === "failed" ? (job.error?.message ?? "") : job.state === "queued" ? (job.message ?? "") : "");
    this.said.hidden = !this.said.textContent;
    this.kind.replaceChildren(...(job.moving ? [icon("play")] : []));
    this.download.hidden = !job.result;
    if (job.result) Object.assign(this.download, { href: address(job.result.url), download: job.result.name });
    this.look.disabled = !job.result;
    for (const name of ["cancel", "again", "open"]) this[name].hidden = !job.can[name];
    this.remove.hidden = job.can.cancel;
    this.turns.hidden = job.state !== "queued";
    this.pictures(job);
  }

  // `first` and `last` of those that wait: they can go no further.
  turn(first, last) {
    this.up.disabled = first;
    this.down.disabled = last;
  }

  async pictures(job) {
    const wanted = job.result && job.state === "done" ? "result" : "target";
    if (this.shown === wanted) return;
    this.shown = wanted;
    const [main, face] = await Promise.all([
      picture(job.id, wanted),
      job.photos && job.kind !== "comparison" ? picture(job.id, "face") : null,
    ]);
    if (main) this.target.src = main;
    this.look.classList.toggle("blank", !main && !this.target.src);
    this.face.hidden = !face;
    if (face) this.face.src = face;
  }
}

// Unchanged words are left alone: they may be shown in another language by now.
function text(element, words) {
  if (element.dataset.said === words) return;
  element.dataset.said = words;
  element.textContent = words;
}

function facts(job) {
  const found = [KINDS[job.kind] ?? "Job"];
  if (job.photos > 1) found.push(`${job.photos} photos`);
  if (job.state === "running" && job.progress) {
    const { stage, done, total, fps, eta } = job.progress;
    if (stage) found.push(stage);
    if (total > 1) found.push(`${done} of ${total} frames`);
    if (fps >= 0.1 && total > 1) found.push(`${fps.toFixed(1)} fps`);
    if (eta) found.push(`${clock(eta)} left`);
  }
  if (job.state === "done") {
    if (job.report?.seconds && job.kind === "live") found.push(`${job.report.seconds.toFixed(1)} s long`);
    else if (job.started && job.finished) found.push(`took ${clock(Math.max(1, job.finished - job.started))}`);
    if (job.result?.bytes) found.push(size(job.result.bytes));
  }
  return found;
}

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];

function ago(seconds) {
  const away = seconds - Date.now() / 1000;
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "auto" });
  for (const [unit, length] of UNITS) {
    if (Math.abs(away) >= length) return words.format(Math.round(away / length), unit);
  }
  return words.format(0, "second");
}
