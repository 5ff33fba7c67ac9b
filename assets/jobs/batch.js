// A batch: many targets with one face or one cast, or many faces on one target. Files go up as they are added, a few at a time.
import { consented, consentLine, MISSING as UNSAID } from "../page/consent.js";
import { desk, isPainted, meant, meantOf, on, photosFor } from "../recast/desk.js";
import { fill, h } from "../page/dom.js";
import { icon } from "../page/icons.js";
import { fileButton, PICTURES, takesDrops, TARGETS } from "../page/files.js";
import { address, lookAtPhoto, lookAtTarget, upload } from "../recast/server.js";
import * as server from "./server.js";

const AT_ONCE = 3;
const WAYS = {
  targets: { title: "One face, many targets", photos: "Photos of the one face", targets: "Pictures and videos that get it" },
  photos: { title: "Many faces, one target", photos: "Photos, each of another face", targets: "The picture or video" },
  cast: { title: "One cast, many targets", photos: "Who gets which face", targets: "Pictures and videos with these people" },
};
let keys = 0;

// A list of files on their way to the server, with what was seen in each.
class Files {
  constructor(look, drawn) {
    this.look = look;
    this.drawn = drawn;
    this.list = [];
  }

  // Files of the visitor, or {name, path, face} of what is on the server already; `face` is whom of a photo is meant.
  add(files) {
    for (const file of files) this.list.push({ key: `batch-${++keys}`, file, path: file.path, face: file.face ?? 0, name: file.name, state: "waiting" });
    this.drawn();
    while (this.busy < AT_ONCE && this.list.some((one) => one.state === "waiting")) this.next();
  }

  get busy() {
    return this.list.filter((one) => one.state === "going").length;
  }

  get ready() {
    return this.list.filter((one) => one.state === "ready");
  }

  get settled() {
    return this.list.every((one) => one.state === "ready" || one.state === "failed");
  }

  async next() {
    const one = this.list.find((other) => other.state === "waiting");
    if (!one) return;
    one.state = "going";
    one.leaving = new AbortController();
    try {
      one.path ??= await upload(one.file, null, one.leaving.signal);
      Object.assign(one, await this.look(one.path, one.face), { state: "ready" });
    } catch (error) {
      Object.assign(one, { state: "failed", error: error.message });
    }
    this.drawn();
    this.next();
  }

  remove(one) {
    one.leaving?.abort();
    this.list = this.list.filter((other) => other !== one);
    this.drawn();
  }

  clear() {
    for (const one of this.list) one.leaving?.abort();
    this.list = [];
  }
}

// The cast that is set up on the Recast tab: persons, and the photos that they get.
function casting() {
  return (desk.people?.list ?? [])
    .filter((person) => desk.roles.has(person.number))
    .map((person) => ({ person, photos: photosFor(person.number) }))
    .filter(({ photos }) => photos.length);
}

function castList() {
  const cast = casting();
  if (!cast.length) return h("p", { class: "soft" }, "On the Recast tab, choose people and the face that each of them gets.");
  return h("ul", {}, cast.map(({ person, photos }) =>
    h("li", { class: "batch-role" },
      h("img", { src: person.thumbnail, alt: "" }), h("b", {}, `Person ${person.number}`), icon("next"),
      photos.slice(0, 4).map((one) => h("img", { src: one.thumbnail, alt: "" })),
      isPainted(person.number) && h("span", { class: "soft" }, "parts stay as they are"))));
}

async function photo(path, face) {
  const seen = await lookAtPhoto(path, face);
  const fatal = seen.advice.find((one) => one.fatal);
  if (fatal) throw new Error(fatal.sentence);
  return { picture: seen.thumbnail, about: seen.advice[0]?.sentence ?? "" };
}

async function target(path) {
  const seen = await lookAtTarget(path);
  return { picture: address(seen.poster), about: seen.about };
}

// Draws the panel, and answers what begins one with given files; `sent` is called when jobs have been put into the line.
export function makeBatch(place, sent, closed) {
  let way = "targets";
  const draw = () => redraw();
  const photos = new Files(photo, draw);
  const targets = new Files(target, draw);
  const said = h("p", { class: "said fatal", role: "alert" });
  const go = h("button", { type: "button", class: "primary", onclick: () => send() }, h("span", {}));
  const consent = consentLine();
  const others = h("span", {});
  const lists = { photos: h("div"), targets: h("div") };
  const ways = h("div", { class: "segments", role: "radiogroup", "aria-label": "Kind of batch" },
    Object.entries(WAYS).map(([name, { title }]) =>
      h("label", {}, h("input", { type: "radio", name: "batch-way", value: name, checked: name === way, onchange: () => choose(name) }), h("span", {}, title))));

  function choose(name) {
    way = name;
    redraw();
  }

  function list(name, files, accept, multiple) {
    const add = (given) => {
      if (!multiple) files.clear();
      files.add(multiple ? given : given.slice(0, 1));
    };
    const zone = h("div", { class: "batch-list" },
      h("h3", {}, WAYS[way][name]),
      files.list.length > 0 && h("ul", {}, files.list.map((one) => tile(one, files))),
      h("div", { class: "batch-add" },
        fileButton({ accept, multiple, act: add, className: "job-act", key: `add-${name}`, id: `batch-${name}` }, icon("add"),
          h("span", {}, files.list.length && !multiple ? "Choose another" : "Add files")),
        h("span", { class: "soft with-mouse" }, "or drop them here")));
    takesDrops(zone, add);
    return zone;
  }

  function tile(one, files) {
    return h("li", { class: `batch-file ${one.state}`, id: one.key },
      h("span", { class: "batch-picture" }, one.picture ? h("img", { src: one.picture, alt: "" }) : one.state === "failed" ? icon("warning") : h("i", { class: "turning" })),
      h("span", { class: "batch-about" }, h("b", { class: "verbatim" }, one.name),
        h("span", { class: one.state === "failed" ? "fatal" : "soft" }, one.error ?? one.about ?? (one.state === "waiting" ? "Waiting" : "On its way…"))),
      h("button", { type: "button", class: "job-turn", "aria-label": "Remove", "data-key": `drop-${one.key}`, onclick: () => files.remove(one) }, icon("close")));
  }

  function count() {
    if (way === "photos") return targets.ready.length ? photos.ready.length : 0;
    return (way === "cast" ? casting() : photos.ready).length ? targets.ready.length : 0;
  }

  function redraw() {
    fill(lists.photos, way === "cast" ? h("div", { class: "batch-list" }, h("h3", {}, WAYS[way].photos), castList()) : list("photos", photos, PICTURES, true));
    fill(lists.targets, list("targets", targets, TARGETS, way !== "photos"));
    others.textContent = way === "cast" ? "Everybody else stays as they are." : "Everybody in a target gets the face.";
    const jobs = count();
    go.disabled = !jobs || !photos.settled || !targets.settled;
    go.firstChild.textContent = jobs === 1 ? "Start 1 job" : jobs ? `Start ${jobs} jobs` : "Start";
  }

  async function send() {
    said.textContent = "";
    go.disabled = true;
    try {
      if (!(await consented(consent))) throw new Error(UNSAID);
      await server.batch({
        way, options: {
          ...desk.options,
          ...(way === "cast" ? { ...desk.excluded, ...meant(casting().flatMap((one) => one.photos)) } : meantOf(photos.ready.map((one) => one.face))),
        },
        photos: way === "cast" ? [] : photos.ready.map((one) => one.path),
        targets: targets.ready.slice(0, way === "photos" ? 1 : undefined).map((one) => one.path),
        ...(way === "cast" && {
          people: desk.people.search,
          roles: Object.fromEntries(casting().map((one) => [one.person.number, one.photos.map((given) => given.path)])),
        }),
      });
      photos.clear();
      targets.clear();
      redraw();
      sent();
    } catch (error) {
      said.textContent = error.message;
      redraw();
    }
  }

  place.replaceChildren(
    h("div", { class: "batch-head" }, h("h2", {}, "New batch"),
      h("button", { type: "button", class: "job-turn", "aria-label": "Close", onclick: closed }, icon("close"))),
    ways,
    h("div", { class: "batch-lists" }, lists.photos, lists.targets),
    said,
    consent,
    h("div", { class: "batch-foot" }, go, h("p", { class: "soft" }, h("span", {}, "Settings are those of the Recast tab."), " ", others)),
  );
  redraw();
  for (const name of ["people", "cast", "photos", "excluded"]) on(name, () => way === "cast" && redraw());

  return (given) => {
    ways.querySelector("[value=targets]").checked = true;
    choose("targets");
    photos.clear();
    targets.clear();
    photos.add(given.photos);
    targets.add(given.targets);
  };
}
