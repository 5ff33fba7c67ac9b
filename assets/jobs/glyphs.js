// Icons that only this tab needs, drawn like those of recast/dom.js.
const PATHS = {
  up: "M6 14.5L12 8.5l6 6",
  down: "M6 9.5l6 6 6-6",
  bin: "M5 7h14M9.5 7V4.8h5V7M7 7l.8 12.5h8.4L17 7M10.3 10.5v5.5M13.7 10.5v5.5",
  stack: "M4 8.5L12 4.5l8 4-8 4zM4 12.5l8 4 8-4M4 16.5l8 4 8-4",
};

export function glyph(name) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  drawing.classList.add("icon");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name]);
  drawing.append(path);
  return drawing;
}
