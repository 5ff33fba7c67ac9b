// Original and result of a video, side by side in time: the result leads, the original follows it.
import { clock, h } from "../page/dom.js";
import { icon } from "../page/icons.js";

const APART = 0.06; // seconds that the two may be apart before the original is moved

export function makePlayer(result, original, offset, heard = true) {
  const options = { playsInline: true, preload: "auto", loop: true };
  const after = h("video", { ...options, src: result, "aria-label": "The result" });
  const before = original ? h("video", { ...options, src: original, muted: true, "aria-label": "The original", tabIndex: -1 }) : null;
  const button = (name, label, act) => h("button", { type: "button", class: "tool", "aria-label": label, onclick: act }, icon(name));
  const play = button("play", "Play", () => (after.paused ? after.play().catch(() => {}) : after.pause()));
  const sound = button("sound", "Sound off", () => {
    after.muted = !after.muted;
    draw();
  });
  const place = h("input", { type: "range", min: "0", max: "1", step: "0.001", value: "0", class: "moment", "aria-label": "Moment shown" });
  const time = h("output", { class: "now" }, "0:00");
  const element = h("div", { class: "player" }, play, h("div", { class: "track" }, place), time, heard && sound);

  function draw() {
    play.replaceChildren(icon(after.paused ? "play" : "pause"));
    play.setAttribute("aria-label", after.paused ? "Play" : "Pause");
    sound.replaceChildren(icon(after.muted ? "silent" : "sound"));
    sound.setAttribute("aria-label", after.muted ? "Sound on" : "Sound off");
    if (!after.duration) return;
    const share = after.currentTime / after.duration;
    place.value = String(share);
    place.parentElement.style.setProperty("--now", String(share));
    place.setAttribute("aria-valuetext", clock(after.currentTime, true));
    time.textContent = `${clock(after.currentTime)} / ${clock(after.duration)}`;
  }

  function together(at = after.currentTime) {
    if (!before || before.readyState < 1) return;
    const wanted = at + offset;
    if (Math.abs(before.currentTime - wanted) > APART) before.currentTime = wanted;
    if (before.paused !== after.paused) after.paused ? before.pause() : before.play().catch(() => {});
  }

  function follow() {
    draw();
    together();
    if (!after.paused && after.isConnected) requestAnimationFrame(follow);
  }

  after.addEventListener("play", follow);
  for (const name of ["pause", "seeked", "loadedmetadata", "timeupdate"]) after.addEventListener(name, () => {
    draw();
    together();
  });
  before?.addEventListener("loadedmetadata", () => together());
  place.addEventListener("input", () => {
    if (after.duration) after.currentTime = place.value * after.duration;
  });
  draw();
  return {
    element, after, before,
    stop() {
      for (const video of [after, before]) {
        if (!video) continue;
        video.pause();
        video.removeAttribute("src");
        video.load();
      }
    },
  };
}
