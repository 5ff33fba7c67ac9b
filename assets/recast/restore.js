// What was on the desk comes back to it: what a job was made of, an example, or what was there when the page was loaded
// again. A browser on a phone does that by itself whenever another program needs the memory.
import { addPhotos, desk, on, setTarget, settled } from "./desk.js";
import { recallHere, rememberHere } from "../page/keep.js";

const SOON = 200; // milliseconds after the last change at which it is kept
const DRAFT = "draft-1"; // another number when what is kept changes its form: the old one is not read then

// Puts everything on the desk as it was for a job, or as an example has it. `photos` and `target` are paths. Of a cast,
// whoever gets the first photo gets the face of the photos above, and the others have photos of their own.
export function restore({ photos, target, cast = {}, people = null, like = null, options = {} }) {
  desk.restoring = true;
  const roles = [];
  const lead = Object.values(cast).find((places) => places.includes(0)) ?? [];
  const { start = null, end = null, first_frame = null, last_frame = null, exclude, exclude_at = null, source_faces: faces = [], ...rest } = options;
  const add = (list, places) => {
    const there = places.filter((place) => photos[place]);
    addPhotos(list, there.map((place) => photos[place]), there.map((place) => faces[place]));
  };
  for (const field of desk.start.fields) desk.options[field.name] = rest[field.name] ?? field.default;
  desk.photos = [];
  if (Object.keys(cast).length) {
    add(desk.photos, lead);
    for (const [number, places] of Object.entries(cast)) {
      if (String(places) === String(lead)) {
        roles.push([Number(number), "lead"]);
        continue;
      }
      const own = [];
      roles.push([Number(number), own]);
      add(own, places);
    }
  } else addPhotos(desk.photos, photos, faces);
  setTarget(target, { roles, like, trim: { start, end }, frames: { first_frame, last_frame }, excluded: exclude?.length ? { exclude, exclude_at } : {}, people: people && { state: "found", progress: null, ...people } });
  settled().then(() => {
    known = bare(snapshot());
    desk.restoring = false;
  });
}

// --- what no job was started with yet

let timer = 0;
let known = null; // what a job is made of, which needs no keeping: it is there with the job

// Keeps it with every change, until the page of this tab is closed. What is still on its way to the server is left out.
export function keepDraft() {
  for (const name of ["photos", "target", "people", "cast", "options", "trim", "excluded"]) on(name, () => {
    clearTimeout(timer);
    if (!desk.restoring) timer = setTimeout(save, SOON);
  });
  addEventListener("pagehide", () => timer && save());
}

function save() {
  clearTimeout(timer);
  timer = 0;
  const draft = snapshot();
  const worth = (draft.target || draft.photos.length) && bare(draft) !== known;
  rememberHere(DRAFT, worth ? JSON.stringify(draft) : null);
}

function snapshot() {
  const { target, people, roles, options, trim, frames, excluded } = desk;
  return {
    photos: there(desk.photos), target: target?.path ?? null, options, trim, frames, excluded,
    roles: [...roles].map(([number, role]) => [number, role === "lead" ? role : there(role)]),
    people: people?.state === "found" ? { list: people.list, search: people.search } : null,
  };
}

// Without what is found by itself, also while the job runs already.
const bare = ({ people, ...chosen }) => JSON.stringify(chosen);

const there = (photos) => photos.filter(({ path, state }) => path && state !== "failed").map(({ path, face }) => ({ path, face }));

// A job has been started with it.
export function dropDraft() {
  clearTimeout(timer);
  timer = 0;
  known = bare(snapshot());
  rememberHere(DRAFT, null);
}

// The job came to nothing.
export function saveAgain() {
  known = null;
  save();
}

// Brings it back, if there is one.
export function restoreDraft() {
  const draft = JSON.parse(recallHere(DRAFT) ?? "null");
  if (!draft) return false;
  desk.restoring = true;
  const add = (list, photos) => addPhotos(list, photos.map(({ path }) => path), photos.map(({ face }) => face));
  for (const field of desk.start.fields) desk.options[field.name] = draft.options[field.name] ?? field.default;
  desk.photos = [];
  add(desk.photos, draft.photos);
  const roles = draft.roles.map(([number, role]) => {
    if (role === "lead") return [number, role];
    const own = [];
    add(own, role);
    return [number, own];
  });
  const { trim, frames, excluded, people } = draft;
  if (draft.target) setTarget(draft.target, { roles, trim, frames, excluded, people: people && { state: "found", progress: null, ...people } });
  settled().then(() => (desk.restoring = false));
  return true;
}
