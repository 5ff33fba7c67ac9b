// The visitor's microphone, while a recording runs and only if they turned it on.

const NOT_ALLOWED = "The microphone may not be used. Allow it in the address bar, or turn the sound off.";
const PROBLEMS = {
  NotAllowedError: NOT_ALLOWED,
  SecurityError: NOT_ALLOWED,
  NotFoundError: "No microphone was found. Connect one, or turn the sound off.",
};

export class Microphone {
  #stream = null;
  #context = null;
  #turn = 0; // of the last start or stop: a microphone that comes for an earlier one is not wanted any more

  // Calls `heard` with the samples (Int16Array) as they come. Answers samples a second.
  async start(heard) {
    const turn = ++this.#turn;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 }, video: false });
      if (turn !== this.#turn) {
        stream.getTracks().forEach((track) => track.stop());
        return 0;
      }
      this.#stream = stream;
      this.#context = new AudioContext();
      await this.#context.audioWorklet.addModule(recast.assets + "live/worklet.js");
      const node = new AudioWorkletNode(this.#context, "recast-samples", { numberOfOutputs: 0 });
      node.port.onmessage = ({ data }) => heard(data);
      this.#context.createMediaStreamSource(this.#stream).connect(node);
      await this.#context.resume();
      return Math.round(this.#context.sampleRate);
    } catch (error) {
      if (turn === this.#turn) this.stop();
      throw new Error(PROBLEMS[error.name] ?? "The microphone could not be started. Turn the sound off, or try again.");
    }
  }

  get running() {
    return this.#stream !== null;
  }

  stop() {
    this.#turn += 1;
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#context?.close();
    this.#stream = this.#context = null;
  }
}
