// Whose face: one of the portraits that are there, or photos of one's own.

const MOST = 6;
const LARGEST = 20 * 1024 * 1024;

export class Faces {
  #root;
  #chosen = null; // a button with a portrait, or an array of files
  #changed;
  #say;

  // `changed` gets the photos when others are chosen; `say` shows a sentence.
  constructor(root, changed, say) {
    this.#root = root;
    this.#changed = changed;
    this.#say = say;
    this.input = root.querySelector("#live-photos");
    this.drop = root.querySelector("#live-drop");
    this.choices = [...root.querySelectorAll(".face-choice")];
    for (const choice of this.choices) choice.addEventListener("click", () => this.#choose(choice));
    this.input.addEventListener("change", () => {
      this.#own([...this.input.files]);
      this.input.value = "";
    });
    this.drop.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.drop.classList.add("over");
    });
    this.drop.addEventListener("dragleave", () => this.drop.classList.remove("over"));
    this.drop.addEventListener("drop", (event) => {
      event.preventDefault();
      this.drop.classList.remove("over");
      this.#own([...event.dataTransfer.files]);
    });
    if (this.choices.length) this.#mark(this.choices[0]);
  }

  async photos() {
    if (Array.isArray(this.#chosen)) return this.#chosen;
    if (!this.#chosen) return [];
    const answer = await fetch(this.#chosen.dataset.photo);
    return answer.ok ? [await answer.blob()] : [];
  }

  refused(sentence) {
    this.drop.classList.add("refused");
    this.drop.querySelector(".drop-note").textContent = sentence;
  }

  async #choose(choice) {
    this.#mark(choice);
    this.#changed(await this.photos());
  }

  #own(files) {
    const photos = files.filter((file) => file.type.startsWith("image/"));
    if (!photos.length) return files.length && this.refused("That is no photo.");
    if (photos.length > MOST) return this.refused(`Give at most ${MOST} photos of one face.`);
    if (photos.some((photo) => photo.size > LARGEST)) return this.refused("A photo is larger than the 20 MB allowed.");
    const shown = this.drop.querySelector(".drop-photos");
    for (const old of shown.children) URL.revokeObjectURL(old.src);
    shown.replaceChildren(
      ...photos.map((photo) => Object.assign(new Image(), { src: URL.createObjectURL(photo), alt: "Your photo" })),
    );
    this.#mark(photos);
    this.#changed(photos);
  }

  #mark(chosen) {
    this.#chosen = chosen;
    this.drop.classList.remove("refused");
    this.drop.querySelector(".drop-note").textContent = "";
    this.drop.classList.toggle("chosen", Array.isArray(chosen));
    for (const choice of this.choices) choice.setAttribute("aria-pressed", String(choice === chosen));
    this.#say("");
  }
}
