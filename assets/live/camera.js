// The visitor's camera: which there are, its frames, and each frame as a JPEG of the size that is wanted.

export class CameraProblem extends Error {}

const PROBLEMS = {
  NotAllowedError: "The camera may not be used. Allow it for this page in the address bar, then start again.",
  SecurityError: "The camera may not be used here. Open this page in a window of its own, then start again.",
  NotFoundError: "No camera was found. Connect one, then start again.",
  OverconstrainedError: "This camera cannot be used. Choose another one.",
  NotReadableError: "The camera is used by another program. Close that, then start again.",
  AbortError: "The camera stopped. Start it again.",
};

export class Camera {
  #video;
  #canvas;
  #context;
  #track = null;
  #handle = 0;
  #turn = 0; // of the last start or stop: a camera that comes for an earlier one is not wanted any more

  constructor(video) {
    this.#video = video;
    this.#canvas = "OffscreenCanvas" in window ? new OffscreenCanvas(1, 1) : document.createElement("canvas");
    // Kept in main memory: each picture is read back to be compressed.
    this.#context = this.#canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  }

  async start(device) {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new CameraProblem("Browsers give the camera to secure pages only: open this page over https, or on the machine it runs on.");
    }
    const wanted = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 60 } };
    if (device) wanted.deviceId = { exact: device };
    else wanted.facingMode = "user";
    const turn = ++this.#turn;
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    } catch (error) {
      throw new CameraProblem(PROBLEMS[error.name] ?? "The camera could not be started.");
    }
    if (turn !== this.#turn) return stream.getTracks().forEach((track) => track.stop());
    this.#track = stream.getVideoTracks()[0];
    this.#video.srcObject = stream;
    try {
      await this.#video.play();
    } catch {
      // Stopped before it began.
    }
  }

  get running() {
    return this.#track?.readyState === "live";
  }

  get device() {
    return this.#track?.getSettings().deviceId ?? "";
  }

  onEnded(act) {
    this.#track?.addEventListener("ended", act, { once: true });
  }

  async list() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((device) => device.kind === "videoinput" && device.deviceId);
  }

  // Calls `act` for each frame, with the time at which the camera took it.
  watch(act) {
    const video = this.#video;
    if (video.requestVideoFrameCallback) {
      const step = (now, frame) => {
        this.#handle = video.requestVideoFrameCallback(step);
        act(Math.min(now, frame.captureTime ?? now));
      };
      this.#handle = video.requestVideoFrameCallback(step);
    } else {
      let shown = -1;
      const step = (now) => {
        this.#handle = requestAnimationFrame(step);
        if (video.currentTime !== shown) act(now);
        shown = video.currentTime;
      };
      this.#handle = requestAnimationFrame(step);
    }
  }

  get side() {
    return Math.max(this.#video.videoWidth, this.#video.videoHeight);
  }

  // The current frame, its longer side `side` pixels at most, as the bytes of a JPEG.
  async take(side, quality) {
    const { videoWidth, videoHeight } = this.#video;
    const scale = Math.min(1, side / Math.max(videoWidth, videoHeight));
    const width = Math.round((videoWidth * scale) / 2) * 2;
    const height = Math.round((videoHeight * scale) / 2) * 2;
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    this.#context.drawImage(this.#video, 0, 0, width, height);
    const kind = { type: "image/jpeg", quality: quality / 100 };
    const blob = this.#canvas.convertToBlob
      ? await this.#canvas.convertToBlob(kind)
      : await new Promise((done) => this.#canvas.toBlob(done, kind.type, kind.quality));
    return blob.arrayBuffer();
  }

  stop() {
    this.#turn += 1;
    if (this.#video.cancelVideoFrameCallback) this.#video.cancelVideoFrameCallback(this.#handle);
    else cancelAnimationFrame(this.#handle);
    this.#track?.stop();
    this.#track = null;
    this.#video.srcObject = null;
  }
}
