// The Live tab: chooses a face, starts and stops the camera, and shows what comes back.
import { recall, remember } from "../page/keep.js";
import { whenThere } from "../page/there.js";
import { Camera, CameraProblem } from "./camera.js";
import { Faces } from "./faces.js";
import { Microphone } from "./microphone.js";
import { Pace } from "./pace.js";
import { Stage } from "./show.js";
import { Takes } from "./takes.js";
import { Wire } from "./wire.js";
import { consented, consentLine, MISSING as UNSAID } from "../page/consent.js";

const MINDED = 1500; // milliseconds without a face before it is said
const STUCK = 200_000; // bytes that wait in the browser: the network has not even taken the last frames
const LOOKS = { mirror: "live-mirrored", original: "live-with-original" };

class Live {
  constructor(root) {
    this.root = root;
    this.part = (name) => root.querySelector(`#live-${name}`);
    this.camera = new Camera(this.part("self"));
    this.stage = new Stage(this.part("canvas"));
    this.takes = new Takes(this.part("takes"));
    this.microphone = new Microphone();
    this.faces = new Faces(root, (photos) => this.wire?.face(photos), (text) => this.say(text));
    this.number = 0;
    this.wire = null;
    this.consent = consentLine();
    root.querySelector(".live-bar").before(this.consent);
    this.state("idle");

    this.part("start").addEventListener("click", () => (this.running ? this.stop() : this.start()));
    this.part("record").addEventListener("click", () => this.recordOrEnd());
    this.part("full").addEventListener("click", () => this.fullScreen());
    this.part("camera").addEventListener("change", () => this.running && this.restart());
    for (const name of Object.keys(LOOKS)) {
      const box = this.part(name);
      box.checked = (recall("live-" + name) ?? String(box.checked)) === "true";
      box.addEventListener("change", () => this.look());
    }
    for (const control of root.querySelectorAll("[data-option]")) {
      control.addEventListener("input", () => this.wire?.options(this.options()));
    }
    this.look();
    if (JSON.parse(root.dataset.settings).visitors === 0) {
      this.part("start").disabled = true;
      this.say("The live view is turned off on this server.");
    }
    // Whoever goes elsewhere does not want to be filmed any more.
    addEventListener("pagehide", () => this.stop());
    new IntersectionObserver(() => {
      if (this.running && root.offsetParent === null && !document.fullscreenElement) this.stop();
    }).observe(root);
  }

  get running() {
    return this.wire !== null;
  }

  state(name) {
    this.root.dataset.state = name;
    const live = name === "live";
    this.part("start").querySelector("span").textContent = this.running ? "Stop" : "Start camera";
    this.part("start").classList.toggle("stop", this.running);
    this.consent.hidden = this.running; // it speaks of starting
    this.part("record").disabled = !live;
    if (!live) this.part("figures").textContent = "";
  }

  say(text, tone = "") {
    this.part("message").textContent = text;
    this.part("message").dataset.tone = tone;
  }

  look() {
    for (const [name, look] of Object.entries(LOOKS)) {
      const on = this.part(name).checked;
      remember("live-" + name, String(on));
      this.root.classList.toggle(look, on);
    }
  }

  options() {
    const found = {};
    for (const control of this.root.querySelectorAll("[data-option]")) {
      const kind = control.type;
      found[control.dataset.option] = kind === "checkbox" ? control.checked : kind === "range" ? Number(control.value) : control.value;
    }
    return found;
  }

  async start() {
    const photos = await this.faces.photos();
    if (!photos.length) return this.say("Choose a face first.", "error");
    if (!(await consented(this.consent))) return this.say(UNSAID, "error");
    this.say("Starting the camera…");
    this.pace = new Pace();
    this.stage.clear();
    const wire = new Wire(recast.owner(), this.options());
    this.wire = wire;
    this.state("starting");
    wire.addEventListener("welcome", () => {
      this.say("Looking at the photo…");
      wire.face(photos);
    });
    wire.addEventListener("ready", () => this.ready());
    wire.addEventListener("answer", ({ detail }) => this.answered(detail));
    wire.addEventListener("recording", () => this.recording(true));
    wire.addEventListener("recorded", ({ detail }) => this.recorded(detail));
    wire.addEventListener("error", ({ detail }) => this.told(detail));
    wire.addEventListener("closed", ({ detail }) => this.wire === wire && this.ended(detail));
    try {
      await this.camera.start(this.part("camera").value);
    } catch (error) {
      if (!(error instanceof CameraProblem)) throw error;
      if (this.wire !== wire) return;
      this.stop();
      return this.say(error.message, "error");
    }
    if (this.wire !== wire) return;
    this.camera.onEnded(() => {
      this.stop();
      this.say("The camera was unplugged or taken away.", "error");
    });
    this.cameras();
  }

  async restart() {
    this.stop();
    await this.start();
  }

  async cameras() {
    const select = this.part("camera");
    const found = await this.camera.list();
    if (!found.length) return;
    select.replaceChildren(...found.map((device) => new Option(device.label || "Camera", device.deviceId)));
    select.value = this.camera.device;
    select.disabled = found.length < 2;
  }

  // The server has the face; from here on frames go.
  ready() {
    if (this.root.dataset.state === "live") return this.say("");
    this.say("");
    this.seen = performance.now();
    this.delays = [];
    this.state("live");
    this.camera.watch((taken) => this.frame(taken));
    this.ticking = setInterval(() => this.figures(), 500);
  }

  async frame(taken) {
    const wire = this.wire;
    if (!wire?.open || this.taking || wire.waiting > STUCK || !this.pace.ready(performance.now())) return;
    this.taking = true;
    try {
      const { side, quality } = this.pace.now;
      const number = (this.number = (this.number + 1) % 2 ** 32);
      this.pace.most = this.pace.constructor.enough(this.camera.side);
      const jpeg = await this.camera.take(side, quality);
      if (this.wire !== wire || !this.camera.running) return;
      this.pace.sent(number, performance.now(), taken);
      wire.frame(number, Math.min(90, quality + 5), jpeg);
    } finally {
      this.taking = false;
    }
  }

  async answered({ number, faces, server, jpeg }) {
    const now = performance.now();
    const trip = this.pace.answered(number, now, server);
    if (trip === null) return;
    if (faces) this.seen = now;
    this.root.classList.toggle("live-unseen", now - this.seen > MINDED);
    const shown = await this.stage.show(number, jpeg);
    if (shown === null) return;
    this.delays.push(shown - trip.taken);
    if (this.delays.length > 60) this.delays.shift();
    this.root.dispatchEvent(new CustomEvent("shown", { detail: { shown, delay: shown - trip.taken, round: trip.round, server, faces } }));
  }

  figures() {
    const [width, height] = this.stage.size;
    const sorted = this.delays.slice().sort((a, b) => a - b);
    if (!sorted.length || this.root.dataset.state !== "live") return;
    const facts = [
      `${Math.round(this.pace.fps(performance.now()))} fps`,
      `${Math.round(sorted[sorted.length >> 1])} ms delay`,
      `${Math.round(this.pace.round)} ms round trip`,
      `${width}\u00a0×\u00a0${height}`,
    ];
    this.part("figures").textContent = facts.join(" · ");
    if (this.recordingSince) this.part("clock").textContent = clock((performance.now() - this.recordingSince) / 1000);
  }

  async recordOrEnd() {
    const wire = this.wire;
    if (this.recordingSince) return wire?.endRecording();
    if (!this.part("sound").checked) return wire?.record();
    let rate = 0;
    this.part("record").disabled = true;
    try {
      rate = await this.microphone.start((samples) => rate && wire.sound(rate, samples));
      this.say("");
    } catch (error) {
      if (this.wire !== wire) return;
      return this.say(error.message, "error");
    } finally {
      this.part("record").disabled = this.root.dataset.state !== "live";
    }
    if (this.wire !== wire) return;
    if (!wire.open) return this.microphone.stop();
    wire.record(rate);
  }

  recording(on) {
    this.recordingSince = on ? performance.now() : 0;
    if (!on) this.microphone.stop();
    this.root.classList.toggle("live-heard", on && this.microphone.running);
    if (this.pace) this.pace.held = on;
    const button = this.part("record");
    button.setAttribute("aria-pressed", String(on));
    button.querySelector("span").textContent = on ? "Stop recording" : "Record";
    this.part("clock").textContent = on ? "0:00" : "";
  }

  recorded(take) {
    this.recording(false);
    if (take.address) this.takes.add(take);
  }

  told({ code, sentence }) {
    // The operator does not allow it: nothing that follows would be allowed either.
    if (code.endsWith("_refused") || code.endsWith("_unusable")) return this.stop(sentence);
    this.say(sentence, "error");
    if (code === "no_face_in_source" || code === "unsupported_media" || code === "corrupt_media") {
      this.faces.refused(sentence);
      if (this.root.dataset.state !== "live") this.stop(sentence);
    }
    if (this.recordingSince && (code === "encoder" || code === "bad_output")) this.recording(false);
  }

  // The connection has gone, and not by the visitor's wish.
  ended(told) {
    this.wire = null;
    this.halt();
    this.say(told?.sentence ?? "The connection to the server was lost. Start again in a moment.", "error");
  }

  stop(sentence = "") {
    const wire = this.wire;
    this.wire = null;
    // A recording that runs is finished and told of before the connection closes.
    if (wire && this.recordingSince) {
      wire.addEventListener("recorded", () => wire.close(), { once: true });
      wire.endRecording();
      setTimeout(() => wire.close(), 5000);
    } else {
      wire?.close();
    }
    this.halt();
    this.say(sentence, sentence ? "error" : "");
  }

  halt() {
    this.camera.stop();
    clearInterval(this.ticking);
    this.recording(false);
    this.root.classList.remove("live-unseen");
    if (document.fullscreenElement) document.exitFullscreen();
    this.state("idle");
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.querySelector(".live-stage").requestFullscreen?.();
  }
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

whenThere("#live", (root) => new Live(root));
