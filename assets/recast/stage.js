// The stage: first the examples, then the target with its preview, then the running job, then the result.
import { makeBrush } from "./brush.js";
import { consented, consentLine, MISSING as UNSAID, whenStated } from "../page/consent.js";
import { desk, lacking, on, order, setDoubts } from "./desk.js";
import { h } from "../page/dom.js";
import { icon } from "../page/icons.js";
import { drawResult } from "./result.js";
import { progressCard } from "./progress.js";
import * as server from "./server.js";
import { makeTimeline } from "./timeline.js";
import { beside, image, makeViewer } from "./viewer.js";

const AGAIN = 3000; // milliseconds until a preview that could not be had is asked for once more
const SETTLED = 140; // milliseconds after the last change at which a preview is asked for

export function makeStage(place, examples) {
  const viewer = makeViewer();
  const timeline = makeTimeline();
  const zoom = h("button", { type: "button", class: "tool", "aria-pressed": "false", "aria-label": "Zoom to the face", title: "Zoom to the face" }, icon("zoom"));
  const wide = h("button", { type: "button", class: "tool", "aria-label": "Full screen", title: "Full screen" }, icon("wide"));
  const hint = h("span", { class: "hint", role: "status" });
  const brush = makeBrush(viewer, { say, faces: () => faces, framed: () => framed ?? desk.moment });
  const tools = h("div", { class: "tools" }, hint, h("span", { class: "grow" }), brush.button, zoom, wide);
  // Nobody's face is seen on somebody else before it was stated that this is right: here as for a job.
  const consent = h("div", { class: "ask", hidden: true }, consentLine());
  const below = h("div", { class: "below" });
  const bar = h("div", { class: "bar-place" });
  const screen = h("div", { class: "screen" }, viewer.element, bar);
  const element = h("div", { class: "stage" }, screen, tools, consent, brush.element, timeline.element, below);
  place.append(examples, element);

  let mode = "empty"; // "empty" | "preview" | "running" | "result"
  let asked = null; // AbortController of what is being fetched
  let timer = 0;
  let faces = [];
  let player = null;
  let revealed = false; // whether this target's preview was shown before
  let framed = null; // the moment whose frame is shown
  const urls = { before: null, after: null };

  function keep(name, url) {
    if (urls[name]) setTimeout(URL.revokeObjectURL, 2000, urls[name]);
    urls[name] = url;
  }

  function set(next) {
    mode = next;
    place.dataset.mode = next;
    examples.hidden = next !== "empty";
    element.hidden = next === "empty";
    tools.hidden = next === "running";
    below.replaceChildren();
    bar.replaceChildren();
    player?.stop();
    player = null;
    if (next !== "preview") {
      timeline.element.hidden = true;
      brush.end();
    }
    brush.button.hidden = next !== "preview";
    consent.hidden = true;
    viewer.working(false);
    say("");
  }

  function say(text, tone = "") {
    hint.textContent = text;
    hint.className = `hint ${tone}`;
  }

  // --- the preview

  function preview() {
    const { target } = desk;
    set(target?.state === "ready" ? "preview" : "empty");
    if (mode !== "preview") return;
    framed = null;
    viewer.setZoom(null);
    pressed(false);
    timeline.set();
    viewer.show({ width: target.width, height: target.height, before: image(recast.base + target.poster, "The target"), after: null });
    refresh();
  }

  function refresh() {
    if (mode !== "preview") return;
    clearTimeout(timer);
    timer = setTimeout(fetchAll, SETTLED);
  }

  async function fetchAll() {
    if (mode !== "preview") return;
    asked?.abort();
    const mine = (asked = new AbortController());
    const { target, moment } = desk;
    const wanted = order();
    const size = { width: target.width, height: target.height };
    viewer.working(true);
    say(wanted ? "" : { photo: "Add a photo of the new face to see it here.", faces: "" }[lacking()] ?? "");
    try {
      if (framed !== moment) {
        const frame = await server.frame(target.path, moment, desk.options.rate, mine.signal);
        if (mine.signal.aborted || mode !== "preview") return;
        keep("before", frame.url);
        faces = frame.faces;
        framed = moment;
        viewer.show({ ...size, before: image(frame.url, "The target") });
        zoom.disabled = brush.button.disabled = !faces.length;
        brush.refresh();
      }
      const stated = !wanted || (await consented());
      if (mine.signal.aborted || mode !== "preview") return;
      consent.hidden = stated;
      if (!stated) say("Tick the box to see the preview.");
      if (!wanted || !stated) return viewer.show({ ...size, after: null });
      const made = await server.preview(wanted, moment, mine.signal);
      if (mine.signal.aborted || mode !== "preview") return;
      keep("after", made.url);
      setDoubts(made.doubts);
      viewer.show({ ...size, after: made.changed ? image(made.url, "The recast preview") : null });
      if (made.changed && !revealed && !brush.on) viewer.reveal(beside(faces));
      revealed ||= made.changed > 0;
      say(made.changed ? "Preview of this frame" : faces.length ? "Nobody who is cast is in this frame." : "There is no face in this frame.");
    } catch (error) {
      if (error.name === "AbortError") return;
      say(error.code === "consent_missing" ? UNSAID : error.message, "fatal");
      // The server may be starting anew, or others look at previews just now.
      if (mode === "preview" && (error.code === "lost" || error.code === "busy")) timer = setTimeout(fetchAll, AGAIN);
    } finally {
      if (asked === mine) viewer.working(false);
    }
  }

  function pressed(on) {
    zoom.setAttribute("aria-pressed", String(on));
    zoom.setAttribute("aria-label", on ? "Show the whole frame" : "Zoom to the face");
    zoom.title = zoom.getAttribute("aria-label");
    zoom.replaceChildren(icon(on ? "zoomOut" : "zoom"));
  }
  zoom.addEventListener("click", () => {
    const next = viewer.zoomed ? null : faces[0] ?? null;
    viewer.setZoom(next);
    pressed(Boolean(next));
  });
  wide.addEventListener("click", () =>
    document.fullscreenElement ? document.exitFullscreen() : element.requestFullscreen?.().catch(() => {}));

  // --- the job

  function running(job) {
    if (mode !== "running") {
      set("running");
      poster(urls.before);
    }
    progressCard(bar, job);
  }

  // What is worked on, until the first finished frame is there.
  function poster(frame = null) {
    const { target } = desk;
    if (target?.state !== "ready") return;
    viewer.setZoom(null);
    viewer.show({ width: target.width, height: target.height, before: image(frame ?? recast.base + target.poster, "The target"), after: null });
  }

  function live(url) {
    if (mode !== "running") return;
    keep("after", url);
    const picture = image(url, "The newest finished frame");
    picture.decode().then(() => {
      if (mode !== "running") return;
      const { naturalWidth: width, naturalHeight: height } = picture;
      viewer.show({ width, height, before: picture, after: null });
    }, () => {});
  }

  function result(job) {
    set("result");
    player = drawResult({ job, viewer, below, bar, faces: (found) => {
      faces = found;
      zoom.disabled = !faces.length;
    } });
    zoom.disabled = true;
    pressed(false);
  }

  for (const name of ["photos", "cast", "options", "people", "excluded"]) on(name, refresh);
  on("moment", () => {
    timeline.follow();
    refresh();
  });
  on("target", () => {
    revealed = false;
    brush.forget();
    if (mode === "running") poster();
    if (mode !== "running" && !(mode === "result" && desk.restoring)) preview();
  });
  on("live", live);
  let ticked = false; // here, and not beside the button
  consent.addEventListener("change", () => (ticked = true));
  whenStated(() => {
    if (ticked) (zoom.disabled ? wide : zoom).focus({ preventScroll: true });
    refresh();
  });
  set("empty");
  return { preview, running, result, refresh, get mode() { return mode; } };
}
