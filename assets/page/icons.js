// The icons: one path each on a sheet of 24 by 24, drawn as a line of the text's own colour.
const PATHS = {
  add: "M12 5v14M5 12h14",
  bin: "M5 7h14M9.5 7V4.8h5V7M7 7l.8 12.5h8.4L17 7M10.3 10.5v5.5M13.7 10.5v5.5",
  brush: "M4 20c3.2.4 5.6-.4 6.4-2.6a2.6 2.6 0 0 0-4.6-2.3C4.9 16.3 5.4 18.5 4 20zM10.4 14.2l8-9.4a1.3 1.3 0 0 1 2 1.7l-8.3 9.2",
  camera: "M4 8h3l1.6-2.4h6.8L17 8h3v11H4zM12 16.6a3.4 3.4 0 1 0 0-6.8 3.4 3.4 0 0 0 0 6.8z",
  close: "M6 6l12 12M18 6L6 18",
  down: "M6 9.5l6 6 6-6",
  download: "M12 4v11M7.5 11L12 15.5 16.5 11M5 19.5h14",
  eraser: "M9 19.5L3.8 14.3 13.6 4.5l6 6-9 9zM8.6 9.6l6 6M9 19.5h11",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 9.7h4M4 14.3h4M16 9.7h4M16 14.3h4",
  info: "M12 11v5.5M12 7.6v.1M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  pause: "M8.5 5v14M15.5 5v14",
  play: "M7.5 4.8v14.4L19 12z",
  undo: "M5 9.5h9.5a5 5 0 0 1 0 10H9M8.8 5.2L4.6 9.5l4.2 4.2",
  redo: "M19 12a7 7 0 1 1-2.2-5.1M19.4 3.6v4.2h-4.2",
  next: "M5 12h13.5M13 6.5l5.5 5.5-5.5 5.5",
  nothing: "M7 12h10",
  shield: "M12 3.2l7 2.6v5.4c0 4.6-3 7.9-7 9.6-4-1.7-7-5-7-9.6V5.8zM8.9 12.1l2.2 2.2 4.1-4.4",
  silent: "M4 9.5v5h3.4L12 18.6V5.4L7.4 9.5zM16 9.6l5 4.8M21 9.6l-5 4.8",
  sound: "M4 9.5v5h3.4L12 18.6V5.4L7.4 9.5zM15.4 9a4.2 4.2 0 0 1 0 6M18 6.4a8 8 0 0 1 0 11.2",
  split: "M12 3v18M8.4 8.6L5 12l3.4 3.4M15.6 8.6L19 12l-3.4 3.4",
  stack: "M4 8.5L12 4.5l8 4-8 4zM4 12.5l8 4 8-4M4 16.5l8 4 8-4",
  swap: "M5 8.6h13M14.8 5.2l3.4 3.4-3.4 3.4M19 15.8H6M9.2 12.4l-3.4 3.4 3.4 3.4",
  tick: "M6.5 12.6l3.7 3.6 7.3-7.8",
  up: "M6 14.5L12 8.5l6 6",
  upload: "M12 16V5M7.5 9.2L12 4.7l4.5 4.5M5 19.3h14",
  warning: "M12 9.4v4.4M12 17v.1M12 3.8L2.6 20h18.8z",
  wide: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  zoom: "M10.8 17.6a6.8 6.8 0 1 0 0-13.6 6.8 6.8 0 0 0 0 13.6zM16 16l4.6 4.6M10.8 8v5.6M8 10.8h5.6",
  zoomOut: "M10.8 17.6a6.8 6.8 0 1 0 0-13.6 6.8 6.8 0 0 0 0 13.6zM16 16l4.6 4.6M8 10.8h5.6",
};

export function icon(name) {
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
