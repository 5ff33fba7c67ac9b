// Draws answers, the newest only, and measures how old each is when it is seen.

export class Stage {
  #canvas;
  #context;
  #drawn = -1;

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("bitmaprenderer");
  }

  get size() {
    return [this.#canvas.width, this.#canvas.height];
  }

  // Resolves to the time at which the picture is on the screen, or null when a newer one was first.
  async show(number, jpeg) {
    const picture = await createImageBitmap(jpeg);
    if (number <= this.#drawn) {
      picture.close();
      return null;
    }
    this.#drawn = number;
    if (this.#canvas.width !== picture.width || this.#canvas.height !== picture.height) {
      this.#canvas.width = picture.width;
      this.#canvas.height = picture.height;
    }
    this.#context.transferFromImageBitmap(picture);
    // It is shown with the frame that is about to be drawn then.
    return new Promise((seen) => requestAnimationFrame(() => seen(performance.now())));
  }

  clear() {
    this.#drawn = -1;
  }
}
