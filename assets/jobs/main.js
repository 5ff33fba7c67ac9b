// The Jobs tab: what waits, what runs, what is done, and batches.
import { h } from "../page/dom.js";
import { icon } from "../page/icons.js";
import { address } from "../recast/server.js";
import { remember } from "../page/keep.js";
import { showTab } from "../page/tabs.js";
import { whenThere } from "../page/there.js";
import { makeBatch } from "./batch.js";
import { Row } from "./row.js";
import * as server from "./server.js";

const SOON = 1000; // milliseconds between two looks while something goes on
const SELDOM = 6000; // ... and while nothing does

class Jobs {
  constructor(root) {
    this.root = root;
    this.rows = new Map();
    this.jobs = null;
    this.said = h("p", { class: "said fatal", role: "alert" });
    this.batch = h("section", { class: "panel batch", hidden: true, "aria-label": "New batch" });
    this.newBatch = h("button", { type: "button", class: "secondary", id: "new-batch", "aria-expanded": "false", onclick: () => this.openBatch() }, icon("stack"), h("span", {}, "New batch"));
    this.clear = h("button", { type: "button", class: "link", id: "clear-jobs", onclick: () => this.clearOver() }, "Delete all of these");
    this.cancelAll = h("button", { type: "button", class: "link", id: "cancel-jobs", onclick: () => this.each(this.waiting, server.cancel) }, "Cancel all that wait");
    this.active = h("ul", { class: "job-list", id: "jobs-active" });
    this.over = h("ul", { class: "job-list", id: "jobs-over" });
    this.activePart = this.part("Under way", this.cancelAll, this.active);
    this.overPart = this.part("Finished", this.clear, this.over);
    this.empty = h("section", { class: "jobs-empty" }, icon("stack"), h("b", {}, "No jobs yet"),
      h("p", { class: "soft" }, "What you recast appears here, and stays when you close the page."),
      h("button", { type: "button", class: "primary", onclick: () => showTab("recast") }, h("span", {}, "Go to Recast")));
    this.kept = h("p", { class: "jobs-kept soft" });
    root.replaceChildren(
      h("div", { class: "jobs-head" }, h("h2", {}, "Your jobs"), this.newBatch),
      this.batch, this.said, this.activePart, this.overPart, this.empty, this.kept);
    root.classList.add("ready");
    this.draw({ jobs: [], keep_hours: 24 }, true);
    this.drags();
    new IntersectionObserver(([seen]) => seen.isIntersecting && this.look()).observe(root);
    document.addEventListener("visibilitychange", () => !document.hidden && this.look());
  }

  part(title, act, list) {
    return h("section", { class: "jobs-part", hidden: true }, h("div", { class: "jobs-title" }, h("h3", {}, title), act), list);
  }

  get visible() {
    return !document.hidden && this.root.offsetParent !== null;
  }

  get waiting() {
    return (this.jobs ?? []).filter((job) => job.state === "queued");
  }

  // Looks how all jobs are, and once more in a while, as long as the tab is seen.
  async look() {
    clearTimeout(this.timer);
    if (!this.visible || this.dragged) return;
    try {
      const found = await server.all();
      if (this.dragged) return;
      this.draw(found);
      if (this.lost) this.say("");
      this.lost = false;
    } catch (error) {
      this.lost = true;
      this.say(error.message);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), this.jobs?.some((job) => job.can.cancel) ? SOON : SELDOM);
  }

  draw({ jobs, keep_hours }, first = false) {
    if (!first) this.jobs = jobs;
    const known = new Set(jobs.map((job) => job.id));
    for (const [id, row] of this.rows) {
      if (known.has(id)) continue;
      this.leave(row.element);
      this.rows.delete(id);
    }
    if (!first) server.forgetPictures(known);
    const lists = { active: [], over: [] };
    for (const job of jobs) {
      let row = this.rows.get(job.id);
      if (row) row.set(job);
      else this.rows.set(job.id, (row = new Row(job, this.acts)));
      lists[job.can.cancel ? "active" : "over"].push(row.element);
    }
    const waiting = this.waiting;
    waiting.forEach((job, turn) => this.rows.get(job.id)?.turn(turn === 0, turn === waiting.length - 1));
    for (const [name, elements] of Object.entries(lists)) {
      arrange(this[name], elements);
      this[`${name}Part`].hidden = !elements.length;
    }
    this.empty.hidden = first || jobs.length > 0;
    this.cancelAll.hidden = waiting.length < 2;
    this.clear.hidden = lists.over.length < 2;
    const hours = Math.round(keep_hours);
    this.kept.textContent = hours === 1 ? "Finished jobs and their files are deleted after an hour." : `Finished jobs and their files are deleted after ${hours} hours.`;
    this.kept.hidden = !jobs.length;
  }

  // Whoever had the focus in a row that goes is led to the next one.
  leave(element) {
    const near = element.contains(document.activeElement) && (element.nextElementSibling ?? element.previousElementSibling);
    element.remove();
    near?.querySelector?.("a:not([hidden]), button:not([hidden])")?.focus();
  }

  get acts() {
    return {
      open: (job) => {
        // Where the Recast tab is still loading it opens the job that it finds remembered.
        remember("job", job.id);
        showTab("recast");
        window.dispatchEvent(new CustomEvent("recast:open", { detail: job.id }));
      },
      show: (job) => this.show(job),
      cancel: (job) => this.each([job], server.cancel),
      again: (job) => this.each([job], server.again),
      remove: (job) => this.each([job], server.remove),
      move: (job, step) => this.move(job, step),
    };
  }

  async each(jobs, act) {
    this.say("");
    const ends = await Promise.allSettled(jobs.map((job) => act(job.id)));
    const failed = ends.find((end) => end.status === "rejected");
    if (failed) this.say(failed.reason.message);
    await this.look();
  }

  clearOver() {
    const over = (this.jobs ?? []).filter((job) => !job.can.cancel);
    ask("Delete all finished jobs?", "Their results are deleted as well, and cannot be brought back.", "Delete", () => this.each(over, (id) => server.remove(id)));
  }

  async move(job, step) {
    const names = this.waiting.map((one) => one.id);
    const from = names.indexOf(job.id);
    const to = from + step;
    if (from < 0 || to < 0 || to >= names.length) return;
    names.splice(to, 0, ...names.splice(from, 1));
    const focus = document.activeElement;
    await this.arrange(names);
    const row = this.rows.get(job.id);
    if (row && (focus === row.up || focus === row.down)) (focus.disabled ? (focus === row.up ? row.down : row.up) : focus).focus();
  }

  async arrange(names) {
    try {
      this.draw(await server.order(names));
    } catch (error) {
      this.say(error.message);
      this.look();
    }
  }

  // Rows that wait can be dragged by their handle; the buttons in it do the same from the keyboard.
  drags() {
    this.active.addEventListener("pointerdown", (event) => {
      const row = event.target.closest(".job[data-state=queued]");
      if (!row || !event.target.closest(".job-turns, .job-words") || event.target.closest("button") || event.button) return;
      event.preventDefault();
      this.dragged = row;
      row.classList.add("dragged");
      const moved = (move) => {
        const under = [...this.active.querySelectorAll(".job[data-state=queued]")].find((other) => {
          const box = other.getBoundingClientRect();
          return other !== row && move.clientY > box.top && move.clientY < box.bottom;
        });
        if (!under) return;
        const box = under.getBoundingClientRect();
        if (move.clientY < box.top + box.height / 2) under.before(row);
        else under.after(row);
      };
      const dropped = () => {
        removeEventListener("pointermove", moved);
        row.classList.remove("dragged");
        this.dragged = null;
        this.arrange([...this.active.querySelectorAll(".job[data-state=queued]")].map((one) => one.dataset.id));
        this.timer = setTimeout(() => this.look(), SOON);
      };
      addEventListener("pointermove", moved);
      addEventListener("pointerup", dropped, { once: true });
    });
  }

  show(job) {
    if (!job.result) return;
    const url = address(job.result.url);
    const video = /\.(mp4|mov|mkv|webm|m4v)$/i.test(job.result.name);
    const seen = video
      ? h("video", { src: url, controls: true, autoplay: true, playsInline: true })
      : h("img", { src: url, alt: "The result" });
    dialog(h("h2", { class: "verbatim" }, job.result.name), h("div", { class: "job-shown" }, seen),
      h("div", { class: "row" }, h("a", { class: "primary", href: url, download: job.result.name }, icon("download"), h("span", {}, "Download"))));
  }

  openBatch() {
    const open = this.batch.hidden;
    this.batch.hidden = !open;
    this.newBatch.setAttribute("aria-expanded", String(open));
    if (!open) return;
    if (!this.batch.firstChild) {
      this.fillBatch = makeBatch(this.batch, () => {
        this.openBatch();
        this.look();
      }, () => this.openBatch());
    }
    this.batch.querySelector("input")?.focus();
  }

  beginBatch(given) {
    if (this.batch.hidden) this.openBatch();
    this.fillBatch(given);
  }

  say(words) {
    this.said.textContent = words;
  }
}

// Brings a list to what it should show, moving as little as can be.
function arrange(list, elements) {
  elements.forEach((element, place) => {
    if (list.children[place] !== element) list.insertBefore(element, list.children[place] ?? null);
  });
}

const dialog = (...inside) => leftBy("Close", inside);

function leftBy(word, inside) {
  const close = h("button", { type: "button", class: "secondary", onclick: () => box.close() }, h("span", {}, word));
  const box = h("dialog", { class: "dialog jobs-dialog" }, inside);
  (box.querySelector(".row") ?? box.appendChild(h("div", { class: "row" }))).prepend(close);
  box.addEventListener("close", () => box.remove());
  box.addEventListener("click", (event) => event.target === box && box.close());
  document.body.append(box);
  box.showModal();
  return box;
}

function ask(title, words, yes, act) {
  const box = leftBy("Cancel", [h("h2", {}, title), h("p", {}, words),
    h("div", { class: "row" }, h("button", { type: "button", class: "primary danger", onclick: () => { box.close(); act(); } }, h("span", {}, yes)))]);
}

const jobs = new Promise((made) => whenThere("#jobs", (root) => made(new Jobs(root))));
// Another tab of the page may have files for a batch: {photos, targets}.
window.addEventListener("recast:batch", async ({ detail }) => (await jobs).beginBatch(detail));
