// Files that are pasted, or dropped beside the places for them.
import { isFilm } from "../page/files.js";
import { addPhotos, desk, setTargets, usable } from "./desk.js";

const GONE = 250; // milliseconds after which nothing is held over the page any more: `dragover` comes all the time

// Films are targets, and so are pictures once there is a photo but no target; else a picture is a photo of the new face.
function take(files) {
  const films = files.filter(isFilm);
  const others = files.filter((file) => !films.includes(file));
  const pictures = !films.length && !desk.target && usable(desk.photos).length;
  if (films.length) setTargets(films);
  else if (pictures) setTargets(others);
  if (others.length && !pictures) addPhotos(desk.photos, others);
}

export function takesFilesAnywhere(place) {
  const here = () => Boolean(place.offsetParent); // and not another tab
  let timer = 0;
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || !here()) return;
    event.preventDefault();
    take(files);
  });
  window.addEventListener("dragover", (event) => {
    event.preventDefault(); // else the browser would leave the page for the file
    if (!here() || ![...event.dataTransfer.types].includes("Files")) return;
    place.classList.add("receiving");
    clearTimeout(timer);
    timer = setTimeout(() => place.classList.remove("receiving"), GONE);
  });
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    if (here() && event.dataTransfer.files.length) take([...event.dataTransfer.files]);
  });
}
