// A list of photos of one face: tiles with what is wrong beside them, and the ways to add more.
import { addPhotos, chooseFace, removePhoto } from "./desk.js";
import { h } from "../page/dom.js";
import { fileButton, PICTURES, takesDrops } from "../page/files.js";
import { icon } from "../page/icons.js";
import { takePhoto } from "./webcam.js";

function tile(list, photo) {
  const working = photo.state === "uploading" || photo.state === "looking";
  const bad = photo.state === "failed" || photo.advice.some((one) => one.fatal);
  return h(
    "li",
    { class: `photo ${photo.state} ${bad ? "bad" : ""}`, id: photo.key, title: photo.state === "failed" ? photo.name : null },
    h(
      "span",
      { class: "picture" },
      photo.thumbnail && h("img", { src: photo.thumbnail, alt: "Face in the photo" }),
      photo.state === "failed" && icon("warning"),
      working && h("i", { class: "meter", style: `--share:${photo.state === "looking" ? 1 : photo.share}` }),
    ),
    h(
      "button",
      {
        type: "button", class: "remove", "aria-label": "Remove the photo", "data-key": `remove-${photo.key}`,
        onclick: () => removePhoto(list, photo),
      },
      icon("close"),
    ),
  );
}

function remarks(list, doubts) {
  const rows = list.flatMap((photo) => {
    const said = photo.state === "failed" ? [{ sentence: photo.error, fatal: true }] : photo.advice;
    return said.map((one) =>
      h(
        "li",
        { class: one.fatal ? "fatal" : "" },
        photo.thumbnail && list.length > 1 ? h("img", { src: photo.thumbnail, alt: "" }) : icon("warning"),
        photo.state === "failed"
          ? h("span", {}, h("span", { class: "verbatim name" }, photo.name), h("span", {}, one.sentence))
          : h("span", {}, one.sentence),
      ),
    );
  });
  for (const sentence of doubts) rows.push(h("li", {}, icon("warning"), h("span", {}, sentence)));
  return rows.length ? h("div", { role: "status" }, h("ul", { class: "remarks" }, rows)) : null;
}

// Of a photo of several people: their faces, to say who is meant.
function people(photo) {
  if (photo.faces.length < 2) return null;
  return h(
    "div",
    { class: "who", role: "group", "aria-label": "Whose face it is" },
    photo.faces.map((face, place) =>
      h(
        "button",
        {
          type: "button", "aria-pressed": String(photo.face === place + 1), "aria-label": `Face ${place + 1} from the left`,
          "data-key": `${photo.key}-face-${place + 1}`, onclick: () => chooseFace(photo, place + 1),
        },
        h("img", { src: face, alt: "" }),
      ),
    ),
  );
}

// The whole list. `roomy`: with a wide place to drop photos on while there are none.
export function photoList(list, { roomy = false, id, name = "photos", doubts = [] } = {}) {
  const add = (files) => addPhotos(list, files);
  const webcam = () =>
    h(
      "button",
      {
        type: "button", class: roomy && !list.length ? "link" : "add", "aria-label": "Take a photo with the camera",
        "data-key": `${name}-camera`, onclick: () => takePhoto(add),
      },
      icon("camera"),
      roomy && !list.length && h("span", {}, "Use the camera"),
    );
  if (roomy && !list.length) {
    const zone = h(
      "div",
      { class: "drop" },
      fileButton(
        { accept: PICTURES, multiple: true, act: add, className: "big", key: `${name}-add`, id },
        icon("upload"),
        h("b", {}, "Add a photo"),
        h("span", { class: "with-mouse" }, "or drop it here, or paste it"),
      ),
      webcam(),
    );
    takesDrops(zone, add);
    return [zone];
  }
  const row = h(
    "ul",
    { class: "photos" },
    list.map((photo) => tile(list, photo)),
    h(
      "li",
      { class: "adders" },
      fileButton(
        {
          accept: PICTURES, multiple: true, act: add, className: "add", key: `${name}-add`, id,
          label: list.length ? "Add another photo of the same person" : "Add a photo",
        },
        icon("add"),
      ),
      webcam(),
    ),
  );
  takesDrops(row, add);
  return [row, ...list.map(people), remarks(list, doubts)].filter(Boolean);
}
