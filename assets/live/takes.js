// Recordings of this visit, newest first: to look at, and to download. They are among the visitor's jobs as well.

export class Takes {
  constructor(list) {
    this.list = list;
  }

  add({ name, address, seconds }) {
    const item = document.createElement("li");
    const video = Object.assign(document.createElement("video"), { src: address, controls: true, playsInline: true });
    video.preload = "metadata";
    video.setAttribute("aria-label", "Recording");
    const words = document.createElement("p");
    const title = document.createElement("b");
    title.textContent = "Recorded";
    const length = document.createElement("span");
    length.textContent = ` · ${seconds.toFixed(1)} s · marked as synthetic`;
    const link = Object.assign(document.createElement("a"), { href: address, download: name, className: "live-button" });
    link.textContent = "Download";
    words.append(title, length);
    item.append(video, words, link);
    this.list.prepend(item);
    this.list.closest("section").hidden = false;
  }
}
