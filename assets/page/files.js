// Taking files: a button that opens the file dialogue, and places to drop them on.
import { h } from "./dom.js";

export const PICTURES = "image/*,.avif,.heic,.heif";
export const TARGETS = "image/*,video/*,.mkv,.avi,.mov,.webm,.m4v,.ts,.avif,.exr,.zip";

// A button that opens the file dialogue; `act` gets the files.
export function fileButton({ accept, multiple = false, label, act, className = "", key, id }, ...children) {
  const input = h("input", {
    type: "file", accept, multiple, class: "hidden-input", id, tabIndex: -1, "aria-hidden": "true",
    onchange: () => {
      if (input.files.length) act([...input.files]);
      input.value = "";
    },
  });
  const button = h(
    "button",
    { type: "button", class: className, "aria-label": label, title: label, "data-key": key, onclick: () => input.click() },
    ...children,
  );
  return [button, input];
}

const FILM = /\.(mp4|m4v|mov|mkv|avi|webm|ts|mts|m2ts|mpe?g|mxf|wmv|flv|3gp|ogv|dv)$/i;

// By what the browser takes it for, and by its name where the browser knows nothing.
export const isFilm = (file) => file.type.startsWith("video/") || /\.zip$/i.test(file.name) || (!file.type && FILM.test(file.name));

// Makes `element` take files that are dropped on it.
export function takesDrops(element, act) {
  const over = (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    element.classList.add("over");
  };
  element.addEventListener("dragenter", over);
  element.addEventListener("dragover", over);
  element.addEventListener("dragleave", (event) => {
    if (!element.contains(event.relatedTarget)) element.classList.remove("over");
  });
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    element.classList.remove("over");
    if (event.dataTransfer.files.length) act([...event.dataTransfer.files]);
  });
}
