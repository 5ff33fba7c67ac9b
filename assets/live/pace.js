// How often a frame is sent, how large it is and how finely it is compressed, from how soon the last ones came back.
// Works on numbers only: times are milliseconds on one clock, whichever.

// From what goes through nearly everything to what a fast machine on a fast network can do.
export const LEVELS = [
  { side: 256, quality: 50 },
  { side: 320, quality: 60 },
  { side: 480, quality: 65 },
  { side: 640, quality: 70 },
  { side: 640, quality: 80 },
  { side: 960, quality: 80 },
  { side: 1280, quality: 80 },
];
const FIRST = 4;
const LATE = 220; // median round trip above which the picture is made smaller
const SOON = 90; // ... and below which a larger one is tried
const JUDGED = 1500; // time between two decisions
const LOST = 3000; // a frame that has not come back by then does not
const PATIENCE = 4; // good judgements in a row before a larger picture is tried
const WINDOW = 8; // frames under way at most
// How long before an answer the next frame may go. Cameras give one each 33 ms, so with less a server that takes 45 ms
// waits for the third one and shows 15 frames a second; with this it shows nearly 20, each 2 ms older (median).
const EARLY = 42;

export class Pace {
  constructor() {
    this.level = FIRST;
    this.held = false; // while a recording runs, the picture keeps its size
    this.most = LEVELS.length - 1;
  }

  #sent = new Map(); // number of each frame under way: when it was sent
  #trips = []; // of the last frames: when it came back, round trip, the server's part
  #judged = 0;
  #good = 0;
  #patience = PATIENCE;

  // The last level that a camera of this size can fill.
  static enough(side) {
    const found = LEVELS.findLastIndex((level) => level.side <= side);
    return Math.max(0, found);
  }

  get now() {
    return LEVELS[Math.min(this.level, this.most)];
  }

  // Whether another frame may be sent: as many are under way as the network's delay holds, and one that is being worked
  // on. One more goes ahead when that is nearly done, or it would have to wait for the camera's next.
  ready(now) {
    for (const [number, sent] of this.#sent) if (now - sent.now > LOST) this.#sent.delete(number);
    const depth = this.#depth;
    if (this.#sent.size < depth) return true;
    if (this.#sent.size > depth || !this.#trips.length) return false;
    const oldest = Math.min(...[...this.#sent.values()].map((sent) => sent.now));
    return oldest + this.round - now < EARLY;
  }

  get #depth() {
    if (this.#trips.length < 4) return 1;
    const work = Math.max(5, median(this.#trips.map((trip) => trip.server)));
    const way = Math.max(0, median(this.#trips.map((trip) => trip.round - trip.server)));
    return Math.min(WINDOW, 1 + Math.round(way / work));
  }

  // `taken` is when the camera took it, for whoever asks about the answer.
  sent(number, now, taken = now) {
    this.#sent.set(number, { now, taken });
  }

  // When the frame that this answers was taken, and its round trip; null for one that is not waited for any more.
  answered(number, now, server) {
    const sent = this.#sent.get(number);
    if (sent === undefined) return null;
    const round = now - sent.now;
    // What was sent before it and has not come back was passed over for it.
    for (const other of this.#sent.keys()) if (other <= number) this.#sent.delete(other);
    this.#trips.push({ at: now, round, server });
    if (this.#trips.length > 40) this.#trips.shift();
    this.#judge(now);
    return { taken: sent.taken, round };
  }

  get round() {
    return this.#trips.length ? median(this.#trips.map((trip) => trip.round)) : null;
  }

  fps(now) {
    const recent = this.#trips.filter((trip) => now - trip.at < 2000);
    return recent.length > 1 ? ((recent.length - 1) * 1000) / Math.max(1, recent.at(-1).at - recent[0].at) : 0;
  }

  #judge(now) {
    if (this.held || this.#trips.length < 10 || now - this.#judged < JUDGED) return;
    this.#judged = now;
    const round = this.round;
    if (round > LATE && this.level > 0) {
      this.level = Math.min(this.level, this.most) - 1;
      // Who has just come from a larger picture does not go back there so soon.
      this.#patience = Math.min(60, this.#patience * 2);
      this.#good = 0;
      this.#trips = [];
    } else if (round < SOON && this.level < this.most) {
      if (++this.#good < this.#patience) return;
      this.level += 1;
      this.#good = 0;
      this.#trips = [];
    } else {
      this.#good = 0;
    }
  }
}

function median(values) {
  const sorted = values.slice().sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
