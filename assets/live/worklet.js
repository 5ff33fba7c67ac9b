// Runs where the browser makes sound: gathers the first channel's samples, and hands them over a few at a time.
const GATHERED = 2048;

class Samples extends AudioWorkletProcessor {
  #gathered = new Int16Array(GATHERED);
  #count = 0;

  process([[samples]]) {
    for (const sample of samples ?? []) {
      this.#gathered[this.#count++] = Math.max(-1, Math.min(1, sample)) * 32767;
      if (this.#count < GATHERED) continue;
      this.port.postMessage(this.#gathered, [this.#gathered.buffer]);
      this.#gathered = new Int16Array(GATHERED);
      this.#count = 0;
    }
    return true;
  }
}

registerProcessor("recast-samples", Samples);
