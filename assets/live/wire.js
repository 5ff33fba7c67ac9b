// The connection to the server; `studio/live/protocol.py` says what goes over it.
const PHOTO = 1;
const FRAME = 2;
const SOUND = 3;
const HEADER = 8;

export class Wire extends EventTarget {
  #socket;
  #unsaid = null;

  // Events: welcome, ready, recording, recorded, error (each with the server's object), answer, closed.
  constructor(owner, options) {
    super();
    const address = new URL(recast.base + "studio/live", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    this.#socket = new WebSocket(address);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => this.#say({ type: "hello", owner, options });
    this.#socket.onmessage = ({ data }) => (typeof data === "string" ? this.#heard(JSON.parse(data)) : this.#seen(data));
    this.#socket.onclose = () => this.dispatchEvent(new CustomEvent("closed", { detail: this.#unsaid }));
  }

  get open() {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  // What waits in this browser because the network is slower than the camera.
  get waiting() {
    return this.#socket.bufferedAmount;
  }

  async face(photos) {
    const parts = await Promise.all(photos.map((photo) => photo.arrayBuffer()));
    for (const part of parts) this.#send(PHOTO, 0, 0, part);
    this.#say({ type: "face" });
  }

  frame(number, quality, jpeg) {
    this.#send(FRAME, quality, number, jpeg);
  }

  options(options) {
    this.#say({ type: "options", options });
  }

  // `sound`: samples a second of what `sound()` will send; 0 for none.
  record(sound = 0) {
    this.#say({ type: "record", sound });
  }

  sound(rate, samples) {
    this.#send(SOUND, 0, rate, samples.buffer);
  }

  endRecording() {
    this.#say({ type: "stop" });
  }

  close() {
    this.#socket.close(1000);
  }

  #say(word) {
    if (this.open) this.#socket.send(JSON.stringify(word));
  }

  #send(kind, quality, number, data) {
    if (!this.open) return;
    const message = new Uint8Array(HEADER + data.byteLength);
    const header = new DataView(message.buffer);
    header.setUint8(0, kind);
    header.setUint8(1, quality);
    header.setUint32(4, number, true);
    message.set(new Uint8Array(data), HEADER);
    this.#socket.send(message);
  }

  #heard(word) {
    if (word.type === "error") this.#unsaid = word;
    this.dispatchEvent(new CustomEvent(word.type, { detail: word }));
  }

  #seen(data) {
    const header = new DataView(data);
    const detail = {
      faces: header.getUint8(1),
      server: header.getUint16(2, true),
      number: header.getUint32(4, true),
      jpeg: new Blob([new Uint8Array(data, HEADER)], { type: "image/jpeg" }),
    };
    this.dispatchEvent(new CustomEvent("answer", { detail }));
  }
}
