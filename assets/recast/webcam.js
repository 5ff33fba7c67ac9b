// A photo from the visitor's own camera. The camera is on only while the window for it is open.
import { h } from "../page/dom.js";
import { icon } from "../page/icons.js";

export async function takePhoto(act) {
  const video = h("video", { playsInline: true, muted: true, autoplay: true, class: "mirror" });
  const said = h("p", { class: "soft", role: "status" }, "Waiting for the camera…");
  const shoot = h("button", { type: "button", class: "primary", disabled: true }, icon("camera"), h("span", {}, "Take the photo"));
  const cancel = h("button", { type: "button", class: "secondary" }, "Cancel");
  const dialog = h(
    "dialog",
    { class: "dialog", "aria-label": "Take a photo" },
    h("h2", {}, "Take a photo"),
    h("div", { class: "camera" }, video),
    said,
    h("div", { class: "row" }, cancel, shoot),
  );
  let stream = null;
  let closed = false;
  const stop = () => stream?.getTracks().forEach((track) => track.stop());
  dialog.addEventListener("close", () => {
    closed = true;
    stop();
    dialog.remove();
  });
  cancel.addEventListener("click", () => dialog.close());
  shoot.addEventListener("click", async () => {
    const canvas = h("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.95));
    dialog.close();
    act([new File([blob], "camera.jpg", { type: "image/jpeg" })]);
  });
  document.getElementById("desk").append(dialog);
  dialog.showModal();
  try {
    if (!navigator.mediaDevices) throw new DOMException("", "SecurityError");
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, height: { ideal: 960 } } });
    if (closed) return stop();
    video.srcObject = stream;
    await video.play();
    said.textContent = "Look into the camera, in even light.";
    shoot.disabled = false;
    shoot.focus();
  } catch (error) {
    said.classList.add("fatal");
    said.textContent =
      error.name === "NotFoundError" ? "No camera was found."
      : error.name === "NotAllowedError" ? "The camera is not allowed for this page. Allow it in the browser, then try again."
      : error.name === "SecurityError" ? "The camera needs a secure address: https, or this machine itself."
      : "The camera could not be started. Another program may be using it.";
  }
}
