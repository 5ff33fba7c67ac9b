// Who is in the target: a strip of people; a click chooses one and opens what they get.
import { addPhotos, castEveryone, desk, isPainted, photosFor, searchAgain, seek, setRole, usable } from "./desk.js";
import { clock, fill, h } from "../page/dom.js";
import { icon } from "../page/icons.js";
import { takesDrops } from "../page/files.js";
import { photoList } from "./photos.js";

let open = null; // number of the person whose choice is shown
let shown = null; // the search that `open` belongs to

const percent = (share) => (share > 0.995 ? "100 %" : share < 0.01 ? "< 1 %" : `${Math.round(share * 100)} %`);

function face(person) {
  const [photo] = photosFor(person.number);
  const changed = Boolean(photo) || (!desk.roles.size && !usable(desk.photos).length);
  return h(
    "span",
    { class: `face ${changed ? "" : "untouched"}` },
    h("img", { src: person.thumbnail, alt: "" }),
    photo && h("img", { class: "new", src: photo.thumbnail, alt: "" }),
    isPainted(person.number) && h("i", { class: "painted" }, icon("brush")),
  );
}

function person(one, film, redraw) {
  const chosen = desk.roles.has(one.number);
  const [photo] = photosFor(one.number);
  const state = photo ? "gets a new face" : desk.roles.size ? "stays as they are" : "";
  const seen = film ? `${percent(one.share)} of the film` : "";
  const tile = h(
    "button",
    {
      type: "button", class: `person ${chosen ? "chosen" : ""} ${open === one.number ? "open" : ""}`,
      "data-key": `person-${one.number}`, "aria-pressed": String(chosen), "aria-expanded": String(open === one.number),
      title: film ? `Person ${one.number}: ${clock(one.first)}–${clock(one.last)}` : null,
      onclick: () => {
        if (open === one.number) open = null;
        else {
          open = one.number;
          if (film) seek(one);
          if (!chosen) return setRole(one.number, usable(desk.photos).length ? "lead" : []);
        }
        redraw();
      },
    },
    face(one),
    h("b", {}, `Person ${one.number}`),
    seen && h("small", {}, seen),
    h("span", { class: "unseen" }, state),
    isPainted(one.number) && h("span", { class: "unseen" }, "parts stay as they are"),
  );
  takesDrops(tile, (files) => {
    const own = desk.roles.get(one.number);
    const list = Array.isArray(own) ? own : [];
    open = one.number;
    setRole(one.number, list);
    addPhotos(list, files);
  });
  return tile;
}

function choice(number) {
  const role = desk.roles.get(number);
  const option = (key, title, current, act) =>
    h(
      "label",
      { class: `way ${current ? "current" : ""}` },
      h("input", { type: "radio", name: "role", checked: current, "data-key": `role-${key}`, onchange: act }),
      h("span", {}, title),
    );
  const lead = usable(desk.photos);
  return h(
    "div",
    { class: "choice", role: "group", "aria-label": `What person ${number} gets` },
    h(
      "div",
      { class: "ways" },
      lead.length > 0 && option("lead", "The face above", role === "lead", () => setRole(number, "lead")),
      option("own", "Another face", Array.isArray(role), () => setRole(number, [])),
      option("keep", "No change", role === undefined, () => setRole(number, null)),
    ),
    Array.isArray(role) && photoList(role, { id: "person-file", name: `role-${number}` }),
  );
}

export function drawPeople(place, card) {
  const { people, target } = desk;
  card.hidden = !people;
  if (!people) return;
  const redraw = () => drawPeople(place, card);
  if (shown !== people) [open, shown] = [null, people];
  if (people.state === "searching") {
    return fill(
      place,
      h("div", { class: "searching", role: "status" },
        h("span", { class: "ghosts", "aria-hidden": "true" }, h("i"), h("i"), h("i")),
        h("span", { id: "search-line", class: "soft" }, "Looking who is in it…")),
    );
  }
  if (people.state !== "found") {
    const none = people.state === "none";
    return fill(
      place,
      h("p", { class: "note", role: "status" }, icon("info"),
        h("span", {}, none ? "No face was found in it. Try another picture or video." : people.error)),
      !none && h("button", { type: "button", class: "secondary", onclick: searchAgain }, "Look again"),
    );
  }
  const film = target?.kind !== "image";
  const { scrollLeft, scrollTop } = place.querySelector(".strip") ?? {};
  const everyone = h(
    "button",
    {
      type: "button", class: `person everyone ${desk.roles.size ? "" : "chosen"}`, "data-key": "everyone",
      "aria-pressed": String(!desk.roles.size),
      onclick: () => {
        open = null;
        castEveryone();
      },
    },
    h("span", { class: "face stack" }, people.list.slice(0, 3).map((one) => h("img", { src: one.thumbnail, alt: "" }))),
    h("b", {}, "Everyone"),
    h("small", {}, people.list.length === 1 ? "1 person" : `${people.list.length} people`),
  );
  fill(
    place,
    h("div", { class: "strip", role: "group", "aria-label": "Who is recast" },
      people.list.length > 1 && everyone, people.list.map((one) => person(one, film, redraw))),
    open !== null ? choice(open)
    : people.list.length > 1 && !desk.roles.size && h("p", { class: "soft tip" }, "Choose a person to give them a face of their own."),
  );
  // Whoever was swiped or scrolled to, and pressed, stays in sight.
  Object.assign(place.querySelector(".strip"), { scrollLeft, scrollTop });
}

export function drawSearch(people) {
  const line = document.getElementById("search-line");
  const { done, total } = people.progress ?? {};
  if (line && total > 1) line.textContent = `Looking who is in it: ${Math.round((100 * done) / total)} %`;
}
