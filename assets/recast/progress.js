// How a running job is: its place in the line, stage, frames, speed, time left.
import { clock, fill, h } from "../page/dom.js";

export function progressCard(place, job) {
  let card = place.querySelector(".progress-card");
  if (!card) {
    card = h(
      "div",
      { class: "progress-card" },
      h("div", { class: "line" }, h("b", { role: "status", tabIndex: -1 }), h("span", { class: "facts" })),
      h("div", { class: "bar", role: "progressbar", "aria-label": "Progress", "aria-valuemin": "0", "aria-valuemax": "100" }, h("i")),
      h("p", { class: "soft" }, "You may close this page. The job goes on, and you find it here again."),
    );
    fill(place, card);
  }
  const { title, facts, share } = words(job);
  const [said, told] = card.querySelectorAll("b, .facts");
  if (said.textContent !== title) said.textContent = title;
  told.textContent = facts.join(" · ");
  const bar = card.querySelector(".bar");
  bar.classList.toggle("idle", share === null);
  bar.firstChild.style.width = share === null ? "" : `${share * 100}%`;
  if (share === null) bar.removeAttribute("aria-valuenow");
  else bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
}

export function lostCard(place, message) {
  const card = place.querySelector(".progress-card");
  if (!card) return;
  card.querySelector("b").textContent = message;
  card.querySelector(".facts").textContent = "Trying again…";
  card.querySelector(".bar").classList.add("idle");
}

function words(job) {
  if (job.state === "queued") {
    const wait = job.wait_seconds ? [`about ${clock(job.wait_seconds)}`] : [];
    if (job.ahead < 1) return { title: "Starting…", facts: [], share: null };
    return { title: job.ahead === 1 ? "Waiting: 1 job ahead of yours" : `Waiting: ${job.ahead} jobs ahead of yours`, facts: wait, share: null };
  }
  const moment = job.progress;
  if (!moment?.stage) return { title: "Starting…", facts: [], share: null };
  const facts = [];
  if (moment.total !== 1) facts.push(moment.total ? `${moment.done} of ${moment.total} frames` : `${moment.done} frames`);
  if (moment.fps) facts.push(`${moment.fps.toFixed(1)} fps`);
  if (moment.eta !== null && moment.eta !== undefined) facts.push(`${clock(moment.eta)} left`);
  return { title: moment.stage, facts, share: moment.total ? Math.min(1, moment.done / moment.total) : null };
}
