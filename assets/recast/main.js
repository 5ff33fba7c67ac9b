// The Recast tab: lays it out, and leads from photos and target over the job to the result.
import { makeAside } from "./aside.js";
import { consented, consentLine, MISSING as UNSAID, whenStated } from "../page/consent.js";
import { whenThere } from "../page/there.js";
import { desk, lacking, on, order, setStart, settled, tell } from "./desk.js";
import { clock, fill, h } from "../page/dom.js";
import { icon } from "../page/icons.js";
import { follow, forgetJob, isOver, lastJob, unfollow } from "./job.js";
import { takesFilesAnywhere } from "./anywhere.js";
import { drawPeople, drawSearch } from "./people.js";
import { photoList } from "./photos.js";
import { startPresets } from "./presets.js";
import { lostCard } from "./progress.js";
import { dropDraft, keepDraft, restore, restoreDraft, saveAgain } from "./restore.js";
import * as server from "./server.js";
import { drawSettings } from "./settings.js";
import { makeStage } from "./stage.js";
import { drawTarget, drawUpload } from "./target.js";

const MISSING = {
  busy: "One moment: files are still on their way.",
  photo: "Add a photo of the new face first.",
  target: "Add a picture or video first.",
  faces: "No face was found in the picture or video.",
};

const card = (number, title, ...inside) =>
  h("section", { class: "panel" }, h("h2", {}, number && h("i", { "aria-hidden": "true" }, number), title), ...inside);

whenThere("#desk", async (place) => {
  setStart(await recast.start);
  startPresets();
  const photos = h("div", { id: "sources" });
  const target = h("div", { id: "target" });
  const people = h("div", { id: "people" });
  const peopleCard = card("3", "Who gets it", people);
  const first = h("div", { class: "options" });
  const more = h("div", { class: "more" });
  const settings = card(null, "Settings", first, h("details", { id: "advanced" }, h("summary", {}, "More settings"), more));
  const said = h("p", { id: "status", class: "said", role: "alert" });
  const go = h("button", { type: "button", id: "go", class: "primary" }, h("span", {}, "Recast"));
  const consent = consentLine();
  const stop = h("button", { type: "button", id: "stop", class: "secondary", hidden: true }, "Cancel");
  const another = h("button", { type: "button", id: "another", class: "link", hidden: true, onclick: () => leaveIt() }, "Set up another job meanwhile");
  const back = h("button", { type: "button", id: "back", class: "link", hidden: true }, "Show the last result");
  const setup = h("div", { class: "setup" },
    card("1", "New face", photos), card("2", "Picture or video", target), peopleCard, settings,
    h("div", { class: "act" }, said, consent, go, stop, another, back));
  const outcome = h("div", { class: "outcome" });
  place.replaceChildren(setup, outcome);
  place.classList.add("ready");
  const aside = makeAside(showAside);
  outcome.append(aside.element);
  const stage = makeStage(outcome, welcome(useExample));
  let last = null; // the job whose result was shown last
  let current = null; // the job that the stage follows, until it is over

  const say = (text, tone = "fatal") => {
    said.textContent = text;
    said.className = `said ${tone}`;
  };
  const drawPhotos = () => fill(photos, photoList(desk.photos, { roomy: true, id: "source-file", name: "lead", doubts: desk.doubts }));
  const busy = (on) => {
    go.hidden = consent.hidden = on;
    stop.hidden = another.hidden = !on;
    stop.disabled = false;
    place.classList.toggle("at-work", on);
  };

  // Who works by keyboard is not thrown back to the top when what they have pressed goes away.
  const holdFocus = (next) => {
    const { activeElement: now } = document;
    if (!now || now === document.body || !now.offsetParent) next()?.focus({ preventScroll: true });
  };
  // Where all is in one column, what came of it would lie below everything that it was made of.
  const narrow = () => matchMedia("(max-width: 900px)").matches;
  const toOutcome = () => narrow() && outcome.scrollIntoView({ block: "start" });
  // Leads to where something is missing, which on a phone is out of sight.
  const point = (where) => {
    const panel = where?.closest(".panel");
    if (!panel) return;
    panel.classList.remove("wanted");
    panel.getBoundingClientRect(); // so that it begins anew
    panel.classList.add("wanted");
    panel.scrollIntoView({ block: "nearest" });
    where.querySelector("button")?.focus({ preventScroll: true });
  };
  const progress = () => outcome.querySelector(".progress-card b");

  on("doubts", drawPhotos);
  on("photos", () => {
    desk.doubts = []; // the next preview tells
    drawPhotos();
    drawPeople(people, peopleCard);
    say("");
  });
  on("photo", (photo) => {
    document.querySelector(`#${photo.key} .meter`)?.style.setProperty("--share", photo.state === "looking" ? 1 : photo.share);
  });
  on("target", () => {
    drawTarget(target);
    drawSettings(first, more);
    say("");
    if (!desk.restoring) setUpAnother();
  });
  on("engine", () => drawSettings(first, more));
  on("upload", () => drawUpload(target));
  for (const name of ["people", "excluded"]) on(name, () => drawPeople(people, peopleCard));
  on("searching", drawSearch);
  for (const name of ["photos", "cast", "options", "trim", "excluded"]) on(name, () => {
    if (stage.mode === "result" && !desk.restoring) stage.preview();
    if (!desk.restoring) setUpAnother();
    back.hidden = !(last && stage.mode === "preview");
  });
  on("again", () => {
    stage.preview();
    back.hidden = !last;
    settings.querySelector("input, select")?.focus();
  });
  back.addEventListener("click", () => {
    back.hidden = true;
    stage.result(last);
  });

  // The job on the stage goes on beside it, and what is on the desk may become the next one.
  function setUpAnother() {
    if (!current) return;
    aside.add(current);
    current = null;
    unfollow();
    busy(false);
    titled(null);
    stage.preview();
    holdFocus(() => photos.querySelector("button"));
  }

  function leaveIt() {
    setUpAnother();
    if (narrow()) place.scrollIntoView({ block: "start" });
  }

  function showAside(job) {
    setUpAnother();
    aside.remove(job.id);
    say("");
    follow(job.id);
  }

  async function run() {
    if (go.disabled) return; // it is being sent: whoever presses twice means one job
    const missing = lacking();
    if (missing) {
      point({ photo: photos, target }[missing]);
      return say(MISSING[missing]);
    }
    go.disabled = true;
    try {
      if (!(await consented(consent))) return say(UNSAID);
      say("");
      const { id } = await server.startJob(order());
      dropDraft();
      back.hidden = true;
      busy(true);
      stage.running({ state: "queued", ahead: 0 });
      holdFocus(progress);
      toOutcome();
      follow(id);
    } catch (error) {
      say(error.message);
    } finally {
      go.disabled = false;
    }
  }

  go.addEventListener("click", run);
  whenStated(() => holdFocus(() => go)); // the box that was ticked is none any more
  stop.addEventListener("click", async () => {
    stop.disabled = true;
    await server.cancelJob(lastJob()).catch((error) => say(error.message));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && place.offsetParent && !go.hidden) run();
  });

  on("job", (job) => {
    titled(job);
    if (!job) {
      current = null;
      busy(false);
      return stage.preview();
    }
    current = isOver(job) ? null : job;
    if (current) {
      busy(true);
      return stage.running(job);
    }
    busy(false);
    if (job.state === "done" && job.result) {
      last = job;
      stage.result(job);
      toOutcome();
      if (!document.hidden) document.getElementById("done-line")?.focus({ preventScroll: true });
      return;
    }
    forgetJob();
    saveAgain();
    stage.preview();
    holdFocus(() => go);
    if (job.state === "cancelled") say("Cancelled. Nothing was kept.", "calm");
    else say(job.error?.message ?? "Something went wrong inside Recast.");
  });
  on("lost", (message) => lostCard(outcome, message));

  async function useExample(example) {
    if (!go.hidden) {
      restore({ photos: example.photos, target: example.target });
      await settled();
      run();
    }
  }

  takesFilesAnywhere(place);
  // Another tab of the page may ask to show a job here.
  window.addEventListener("recast:open", (event) => open(event.detail));

  async function open(name) {
    let job;
    try {
      job = await server.job(name, true);
    } catch (error) {
      if (error.code === "job_unknown") return forgetJob();
      return say(error.message);
    }
    setUpAnother();
    dropDraft();
    aside.remove(name);
    if (job.target && (job.kind === "video" || job.kind === "picture")) restore({ ...job, target: job.target.path });
    if (job.state !== "cancelled") follow(name, job); // a busy machine may take seconds to answer again
  }

  // The last job, while the desk holds what may become the next one.
  async function besides(name) {
    const job = await server.job(name, true).catch(() => null);
    if (!job) return;
    if (!isOver(job)) return aside.add(job);
    if (job.state !== "done" || !job.result) return;
    last = job;
    back.hidden = stage.mode !== "preview";
  }

  drawPhotos();
  drawTarget(target);
  drawPeople(people, peopleCard);
  drawSettings(first, more);
  tell("ready");
  const drafted = restoreDraft();
  if (drafted) drawSettings(first, more);
  keepDraft();
  if (!lastJob()) unfollow();
  else if (drafted) besides(lastJob());
  else open(lastJob());
});

function welcome(use) {
  const { examples } = desk.start;
  return h(
    "div",
    { class: "welcome" },
    h("div", { class: "words" },
      h("h2", {}, "Give a role a new face"),
      h("p", {}, "A photo of the new face, a picture or a video: Recast keeps pose, expression and light, and changes who it is.")),
    examples.length > 0 && h("div", { class: "tries" },
      h("h3", {}, "See it at once"),
      h("div", { id: "examples" }, examples.map((example) =>
        h("button", { type: "button", class: "example", onclick: () => use(example) },
          h("img", { class: "whole", src: server.address(example.card), alt: "" }),
          example.seconds && h("small", { class: "length" }, icon("film"), h("span", {}, clock(example.seconds))),
          h("span", { class: "caption" }, h("img", { class: "face", src: server.address(example.face), alt: "" }),
            h("b", {}, example.title), icon("play")))))),
  );
}

// A page in the background tells in its title how far it is.
function titled(job) {
  const share = job?.progress?.total ? Math.round((100 * job.progress.done) / job.progress.total) : null;
  const running = job?.state === "running" && share !== null;
  document.title = running ? `${share} % · Recast` : job?.state === "done" && document.hidden ? "✓ Recast" : "Recast";
}
