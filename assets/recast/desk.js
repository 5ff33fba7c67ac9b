// What is on the desk: photos, target, people, cast, settings. Panels draw it, and hear of each change.
//
// A photo is {key, name, path, url, thumbnail, advice, state: "uploading" | "looking" | "ready" | "failed", share, error}.
// Of several people `faces` are their pictures, from the left, and `face` is the number of the one who is meant.
// `roles` maps a person's number to "lead" (the face of the photos above), or to photos of their own. While it is empty,
// everyone gets the lead face; otherwise those who are not in it stay as they are.
import * as server from "./server.js";

const AGAIN = 3000; // milliseconds until what was lost is asked for once more
const TRIES = 20;
const NO_FRAMES = { first_frame: null, last_frame: null };

const events = new EventTarget();
let keys = 0;

export const desk = {
  start: null,
  photos: [],
  doubts: [], // sentences on whether the photos are of one person, which only all of them together tell
  target: null, // {path, name, state, share, error, url, poster, kind, width, height, duration, rate, first, about, all}
  people: null, // {state: "searching" | "found" | "none" | "failed", search, list, progress, error}
  roles: new Map(),
  options: {},
  trim: { start: null, end: null }, // seconds, of a part that is named by frames about
  frames: NO_FRAMES, // numbers that were written, which go before seconds
  excluded: {}, // what the brush leaves as it is, and of whom: the options that say so, or nothing
  moment: 0,
  expected: null, // {like, roles}: a cast of people found in another target, until those of this one are known
  restoring: false, // while a job's own photos and target are brought back: what is shown of the job stays
};

export const on = (name, act) => events.addEventListener(name, (event) => act(event.detail));
export const tell = (name, detail) => events.dispatchEvent(new CustomEvent(name, { detail }));

export const usable = (photos) => photos.filter((photo) => photo.state === "ready" && !photo.advice.some((one) => one.fatal));

export function setStart(start) {
  desk.start = start;
  desk.options = Object.fromEntries(start.fields.map((field) => [field.name, field.default]));
}

// --- photos

// Adds photos (files of the visitor, or paths that are on the server) to a list of the desk: the lead's, or a person's.
// `faces` are the numbers of those who are meant in them, where that is known. What could not be used of those before
// goes away when a good one has come in its place.
export function addPhotos(list, things, faces = []) {
  const replaced = list.filter((photo) => photo.state === "failed" || photo.advice.some((one) => one.fatal));
  for (const [place, thing] of [...things].entries()) {
    const given = typeof thing === "string";
    const photo = {
      key: `photo-${++keys}`, name: given ? thing.split("/").pop() : thing.name, state: given ? "looking" : "uploading",
      share: 0, advice: [], faces: [], face: faces[place] ?? 0, leaving: new AbortController(),
    };
    list.push(photo);
    carry(photo, thing).then(() => {
      if (!usable([photo]).length || !replaced.length) return;
      for (const bad of replaced.splice(0)) if (list.includes(bad)) list.splice(list.indexOf(bad), 1);
      tell("photos");
    });
  }
  tell("photos");
}

// Asks about something that is on the server already, and once more while the connection is lost: the server may be
// starting anew. After `TRIES` it is a failure.
async function patiently(ask, leaving) {
  for (let left = TRIES; ; left--) {
    try {
      return await ask();
    } catch (error) {
      if (error.code !== "lost" || !left || leaving.signal.aborted) throw error;
      await new Promise((done) => setTimeout(done, AGAIN));
    }
  }
}

async function carry(photo, thing) {
  try {
    if (typeof thing === "string") photo.path = thing;
    else {
      photo.path = await server.upload(thing, (share) => {
        photo.share = share;
        tell("photo", photo);
      }, photo.leaving.signal);
      photo.state = "looking";
      tell("photo", photo);
    }
    Object.assign(photo, await patiently(() => server.lookAtPhoto(photo.path, photo.face), photo.leaving), { state: "ready" });
  } catch (error) {
    if (error.name === "AbortError") return;
    Object.assign(photo, { state: "failed", error: error.message });
  }
  tell("photos");
}

// Of several people on a photo another one is meant.
export async function chooseFace(photo, face) {
  if (photo.face === face) return;
  const before = photo.face;
  Object.assign(photo, { face, state: "looking" });
  tell("photos");
  try {
    const look = await patiently(() => server.lookAtPhoto(photo.path, face, photo.leaving.signal), photo.leaving);
    if (photo.face !== face) return;
    Object.assign(photo, look);
  } catch (error) {
    if (error.name === "AbortError" || photo.face !== face) return;
    Object.assign(photo, { face: before, advice: [{ sentence: error.message, fatal: false }] });
  }
  photo.state = "ready";
  tell("photos");
}

export function removePhoto(list, photo) {
  photo.leaving.abort();
  list.splice(list.indexOf(photo), 1);
  tell("photos");
}

// --- target

// The first of several files; what becomes of the others is up to the visitor.
export function setTargets(files) {
  setTarget(files[0], {}, files.length > 1 ? files : null);
}

// `all` are the files that it was given with, where they were several.
export async function setTarget(thing, ready = {}, all = null) {
  desk.target?.leaving.abort();
  const given = typeof thing === "string";
  const leaving = new AbortController();
  const target = { name: given ? thing.split("/").pop() : thing.name, state: given ? "looking" : "uploading", share: 0, leaving, all };
  Object.assign(desk, { target, people: ready.people ?? null, moment: 0, trim: { start: null, end: null, ...ready.trim }, frames: { ...NO_FRAMES, ...ready.frames }, excluded: ready.excluded ?? {} });
  desk.expected = ready.like ? { like: ready.like, roles: new Map(ready.roles) } : null;
  desk.roles = new Map(ready.like ? [] : ready.roles);
  tell("target");
  tell("people");
  try {
    target.path = given ? thing : await server.upload(thing, (share) => {
      target.share = share;
      tell("upload", target);
    }, leaving.signal);
    target.state = "looking";
    tell("upload", target);
    Object.assign(target, await patiently(() => server.lookAtTarget(target.path, desk.options.rate), leaving));
    if (desk.target !== target) return;
    target.state = "ready";
    if (target.rate) desk.trim = { ...desk.trim, ...secondsOf(desk.frames, target) };
    desk.moment = desk.trim.start ?? 0;
  } catch (error) {
    if (desk.target !== target || error.name === "AbortError") return;
    Object.assign(target, { state: "failed", error: error.message });
    desk.expected = null;
  }
  tell("target");
  if (target.state === "ready" && !desk.people) search(target);
}

export function clearTarget() {
  desk.target?.leaving.abort();
  Object.assign(desk, { target: null, people: null, expected: null, moment: 0, trim: { start: null, end: null }, frames: NO_FRAMES, excluded: {} });
  desk.roles.clear();
  tell("target");
  tell("people");
}

async function search(target) {
  const people = { state: "searching", list: [], progress: null };
  desk.people = people;
  tell("people");
  try {
    const found = await server.findPeople(target.path, desk.expected?.like ?? null, desk.options.rate, (moment) => {
      people.progress = moment.progress;
      if (desk.people === people) tell("searching", people);
    }, target.leaving.signal);
    Object.assign(people, { state: found.people.length ? "found" : "none", list: found.people, search: found.search });
    if (desk.people === people) {
      recast(found.known);
      seekSomebody(target, people.list);
    }
  } catch (error) {
    if (error.name === "AbortError") return;
    Object.assign(people, { state: error.code === "no_face_in_target" ? "none" : "failed", error: error.message });
  }
  if (desk.people !== people) return;
  desk.expected = null;
  tell("people");
}

// A film that begins with nobody is shown where somebody is first seen, unless its viewer has looked elsewhere.
function seekSomebody(target, list) {
  const [soonest] = [...list].sort((one, other) => one.first - other.first);
  if (target.kind !== "image" && soonest && desk.moment === (desk.trim.start ?? 0) && desk.moment < soonest.first) seek(soonest);
}

// Goes to a moment that shows a person, where the one that is shown does not, and the part to recast has one.
export function seek({ first, last }) {
  if (desk.moment >= first && desk.moment <= last) return;
  const moment = Math.max(Math.min(first + 0.2, last), desk.trim.start ?? 0);
  if (moment <= last && moment <= (desk.trim.end ?? Infinity)) setMoment(moment);
}

// Gives the faces of an expected cast to those who are known again; where nobody is, they are there to be given.
function recast(known) {
  if (!desk.expected) return;
  const { roles } = desk.expected;
  for (const [number, other] of Object.entries(known)) if (roles.has(other)) desk.roles.set(Number(number), roles.get(other));
  if (!desk.roles.size) desk.photos = [...desk.photos, ...[...roles.values()].filter((role) => role !== "lead").flat()];
  desk.expected = null;
  tell("photos");
  tell("cast");
}

export function searchAgain() {
  if (desk.target?.state === "ready") search(desk.target);
}

// --- cast

export function castEveryone() {
  desk.roles.clear();
  tell("people");
  tell("cast");
}

export function setRole(number, role) {
  if (role === null) desk.roles.delete(number);
  else desk.roles.set(number, role);
  tell("people");
  tell("cast");
}

export const photosFor = (number) => {
  const role = desk.roles.get(number);
  if (role === undefined) return desk.roles.size ? [] : usable(desk.photos);
  return usable(role === "lead" ? desk.photos : role);
};

// --- settings

export function setDoubts(sentences) {
  if (String(sentences) === String(desk.doubts)) return;
  desk.doubts = sentences;
  tell("doubts");
}

export function setOption(name, value) {
  desk.options[name] = value;
  if (name === "rate") setPace();
  tell("options");
}

// Numbered pictures are shown as long as their rate says. What was chosen goes on meaning the same frames.
export async function setPace() {
  const { target } = desk;
  if (target?.kind !== "sequence" || target.state !== "ready") return;
  const rate = desk.options.rate;
  const look = await server.lookAtTarget(target.path, rate).catch(() => null);
  if (!look || desk.target !== target || desk.options.rate !== rate) return;
  const share = target.rate / look.rate;
  const scaled = (seconds) => (seconds == null ? seconds : seconds * share);
  Object.assign(target, look);
  desk.moment *= share;
  desk.trim = { start: scaled(desk.trim.start), end: scaled(desk.trim.end) };
  for (const person of desk.people?.list ?? []) Object.assign(person, { first: scaled(person.first), last: scaled(person.last) });
  if (desk.excluded.exclude_at != null) desk.excluded = { ...desk.excluded, exclude_at: scaled(desk.excluded.exclude_at) };
  tell("target");
  tell("people");
}

export function setExcluded(options) {
  desk.excluded = options;
  tell("excluded");
}

// Whether a person's face stays as it is in places; `exclude` is a list of {mask, whose}.
export const isPainted = (number) => desk.excluded.exclude?.some?.(({ whose }) => whose === String(number) || whose === "everyone") ?? false;

export function setMoment(seconds) {
  desk.moment = seconds;
  tell("moment");
}

export function setTrim(start, end, frames = NO_FRAMES) {
  const whole = desk.target?.duration ?? 0;
  desk.trim = { start: start > 0.02 ? start : null, end: end < whole - 0.02 ? end : null };
  desk.frames = frames;
  tell("trim");
}

// About where the frames lie that were written, of which both are kept. They are counted from 1, or from the first
// one's own number.
export const secondsOf = ({ first_frame: first, last_frame: last }, { rate, first: one }) => ({
  ...(first !== null && { start: (first - one) / rate }),
  ...(last !== null && { end: (last + 1 - one) / rate }),
});

// Until nothing is on its way any more.
export const settled = () => new Promise((done) => {
  const look = () => (lacking() === "busy" ? setTimeout(look, 50) : done());
  look();
});

// --- the order

// The option that says who is meant on photos of several people.
export const meant = (photos) => meantOf(photos.map(meantIn));
export const meantIn = (photo) => (photo.faces.length ? photo.face : 0);
export const meantOf = (faces) => (faces.some(Boolean) ? { source_faces: faces } : {});

// What a job or a preview is asked with; null while something is missing, and `lacking` says what.
export function order() {
  if (lacking()) return null;
  const paths = (photos) => photos.map((photo) => photo.path);
  const cast = {};
  for (const number of desk.roles.keys()) {
    const photos = photosFor(number);
    if (photos.length) cast[number] = photos;
  }
  const everyone = desk.roles.size ? [] : usable(desk.photos);
  const { trim, frames } = desk;
  const { first_frame: first, last_frame: last } = frames;
  const part = { ...frames, start: first === null ? trim.start : null, end: last === null ? trim.end : null };
  const trimmed = desk.target.kind === "image" ? {} : part;
  const options = { ...desk.options, ...desk.excluded };
  for (const [name, value] of Object.entries(trimmed)) if (value !== null) options[name] = value;
  Object.assign(options, meant([everyone, ...Object.values(cast)].flat()));
  return {
    target: desk.target.path,
    everyone: paths(everyone),
    roles: Object.fromEntries(Object.entries(cast).map(([number, photos]) => [number, paths(photos)])),
    people: desk.roles.size || desk.excluded.exclude ? desk.people?.search ?? null : null,
    options,
  };
}

export function lacking() {
  if (desk.expected) return "busy";
  const photos = [desk.photos, ...[...desk.roles.values()].filter((role) => role !== "lead")].flat();
  if (photos.some((photo) => photo.state === "uploading" || photo.state === "looking")) return "busy";
  if (desk.target && (desk.target.state === "uploading" || desk.target.state === "looking")) return "busy";
  const chosen = desk.roles.size ? [...desk.roles.keys()].some((number) => photosFor(number).length) : usable(desk.photos).length;
  if (!chosen) return "photo";
  if (desk.target?.state !== "ready") return "target";
  if (desk.people?.state === "none") return "faces";
  return null;
}
