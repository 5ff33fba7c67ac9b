// The panel of the picture or video that is changed.
import { clearTarget, desk, meantIn, setTargets, usable } from "./desk.js";
import { fill, h } from "../page/dom.js";
import { icon } from "../page/icons.js";
import { fileButton, takesDrops, TARGETS } from "../page/files.js";
import { showTab } from "../page/tabs.js";

export function drawTarget(place) {
  const { target } = desk;
  const take = setTargets;
  if (!target) {
    const zone = h(
      "div",
      { class: "drop" },
      fileButton(
        { accept: TARGETS, act: take, className: "big", key: "target-add", id: "target-file" },
        icon("film"),
        h("b", {}, "Add a picture or video"),
        h("span", { class: "with-mouse" }, "or drop it here, or paste it"),
        h("span", {}, "Numbered frames come as one ZIP"),
      ),
    );
    takesDrops(zone, take);
    return fill(place, zone);
  }
  const working = target.state === "uploading" || target.state === "looking";
  const row = h(
    "div",
    { class: `target-row ${target.state}` },
    h(
      "span",
      { class: "picture" },
      target.poster ? h("img", { src: recast.base + target.poster, alt: "" }) : icon(target.state === "failed" ? "warning" : "film"),
    ),
    h(
      "div",
      { class: "about" },
      h("b", { class: "verbatim", title: target.name }, target.name),
      target.state === "failed" ? h("span", { class: "fatal", role: "alert" }, target.error)
      : working ? h("span", { class: "soft" }, target.state === "uploading" ? "Uploading…" : "Looking at it…")
      : h("span", { class: "soft" }, target.about),
      working && h("i", { class: "meter", style: `--share:${target.state === "looking" ? 1 : target.share}` }),
    ),
    fileButton({ accept: TARGETS, act: take, className: "small", key: "target-other", id: "target-file", label: "Replace" }, icon("swap")),
    h("button", { type: "button", class: "remove", "aria-label": "Remove the picture or video", "data-key": "target-clear", onclick: clearTarget }, icon("close")),
  );
  takesDrops(row, take);
  fill(place, row, target.all && several(target.all));
}

// Here one target is set up with care; many at once are a batch.
function several(files) {
  const all = () => {
    const photos = usable(desk.photos).map((photo) => ({ name: photo.name, path: photo.path, face: meantIn(photo) }));
    showTab("jobs");
    window.dispatchEvent(new CustomEvent("recast:batch", { detail: { photos, targets: files } }));
  };
  return h(
    "p",
    { class: "note", role: "status" },
    icon("info"),
    h("span", {}, h("span", {}, `Of ${files.length} files the first was taken.`), " ",
      h("button", { type: "button", class: "link", id: "as-batch", onclick: all }, "Recast all of them as a batch")),
  );
}

export function drawUpload(place) {
  const meter = place.querySelector(".meter");
  const said = place.querySelector(".about .soft");
  if (!meter || !desk.target) return;
  const { state, share } = desk.target;
  meter.style.setProperty("--share", state === "looking" ? 1 : share);
  if (said) said.textContent = state === "uploading" ? `${Math.round(share * 100)} % uploaded` : "Looking at it…";
}
