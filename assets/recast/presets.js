// Presets: the settings under a name, to be chosen again. On one's own machine the studio keeps them; anywhere else this
// browser does, and shows them beside those that the operator offers to all.
import { fill, h } from "../page/dom.js";
import { fileButton } from "../page/files.js";
import { recall, remember } from "../page/keep.js";
import { desk, on, setPace, tell } from "./desk.js";
import * as server from "./server.js";

const LARGEST = 64 * 1024; // bytes of a file, as the server has it
const OWN = "presets";

const lists = { offered: [], own: [] }; // of {name, options}
let refresh = () => {}; // what the settings on the page now are
let draft = null; // {name, options, taken, said} of the preset that is being named: settings may be drawn anew meanwhile

export function startPresets() {
  const { here, list } = desk.start.presets;
  if (here) lists.own = list;
  else Object.assign(lists, { offered: list, own: remembered() });
}

function remembered() {
  try {
    const found = JSON.parse(recall(OWN) ?? "[]");
    return found.filter((one) => typeof one?.name === "string" && typeof one.options === "object" && one.options);
  } catch {
    return [];
  }
}

const byName = (one, other) => one.name.localeCompare(other.name);
const all = () => [...lists.offered, ...lists.own].sort(byName);

// What is not in a preset is as usual; so is what this version of the studio does not know.
function valueOf(field, options) {
  const value = options[field.name];
  const known = field.kind === "rate" ? value > 0 : field.kind === "choice" ? field.choices.some((choice) => choice.value === value) : typeof value === typeof field.default;
  return value !== undefined && known ? value : field.default;
}

function put(options) {
  const { rate } = desk.options;
  for (const field of desk.start.fields) desk.options[field.name] = valueOf(field, options);
  if (desk.options.rate !== rate) setPace();
  tell("options");
  tell("engine"); // draws the settings anew
}

const shows = ({ options }) => desk.start.fields.every((field) => valueOf(field, options) === desk.options[field.name]);
const usual = { name: "", options: {} };
const changed = () => Object.fromEntries(
  desk.start.fields.filter((field) => desk.options[field.name] !== field.default).map((field) => [field.name, desk.options[field.name]]),
);

async function save(name, options, replace) {
  const kept = await server.savePreset({ name, options, replace });
  if (!desk.start.presets.here) {
    if (lists.offered.some((one) => one.name === kept.name))
      throw new server.Failure("This studio offers a preset of that name. Choose another name.", "preset_offered");
    if (!replace && lists.own.some((one) => one.name === kept.name))
      throw new server.Failure("There is a preset of that name already. Replace it, or choose another name.", "preset_exists");
  }
  keep([...lists.own.filter((one) => one.name !== kept.name), kept]);
  draft = null;
  put(kept.options);
}

async function remove(preset) {
  if (desk.start.presets.here) await server.removePreset(preset.name);
  keep(lists.own.filter((one) => one !== preset));
  tell("engine");
}

function keep(list) {
  lists.own = list;
  if (!desk.start.presets.here) remember(OWN, list.length ? JSON.stringify(list) : null);
}

// The select above the settings; nothing while there is nothing to choose.
function chooser() {
  const presets = all();
  if (!presets.length) return null;
  const select = h(
    "select",
    { id: "preset", "data-key": "preset", onchange: () => put((presets[select.value] ?? usual).options) },
    h("option", { value: "usual" }, "Usual settings"),
    presets.map(({ name }, number) => h("option", { value: String(number), class: "verbatim" }, name)),
    h("option", { value: "other", hidden: true }, "As set below"),
  );
  const show = () => {
    const found = presets.findIndex(shows);
    select.value = found >= 0 ? String(found) : shows(usual) ? "usual" : "other";
  };
  show();
  return [h("div", { class: "option" }, h("label", { for: "preset" }, "Preset"), select), show];
}

// What can be done with the settings as a whole.
function tools() {
  const place = h("div", { class: "preset-tools" });
  const said = h("p", { class: "said fatal", role: "alert" });
  const link = (key, words, act) => h("button", { type: "button", class: "link", "data-key": key, onclick: act }, words);
  const [load, input] = fileButton(
    { accept: ".json,application/json", className: "link", label: "Open a preset's file", key: "preset-load", id: "preset-file", act: ([file]) => opened(file) },
    "Open a preset's file",
  );
  const back = link("defaults", "Back to the usual settings", () => put({}));
  const keepThem = link("preset-save", "Save as a preset", () => ask("", undefined));
  const away = link("preset-remove", "Remove the preset", () => {
    remove(lists.own.find(shows)).catch((error) => (said.textContent = error.message));
  });
  const download = link("preset-download", "Save the preset as a file", () => handOver(all().find(shows)));
  const show = () => {
    back.disabled = keepThem.disabled = shows(usual);
    away.hidden = !lists.own.some(shows);
    download.hidden = !all().some(shows);
  };

  function rest() {
    draft = null;
    said.textContent = "";
    fill(place, back, keepThem, download, away, load, input, said);
    show();
  }

  // A file says what a preset is called and what it holds. Where that name is taken, its user says what to do.
  async function opened(file) {
    said.textContent = "";
    const name = file.name.replace(/\.json$/i, "");
    let options = null;
    try {
      if (file.size <= LARGEST) options = JSON.parse(await file.text());
    } catch {
      // the server says what is wrong
    }
    try {
      await save(name, options, false);
    } catch (error) {
      if (["preset_exists", "preset_offered", "bad_preset_name"].includes(error.code)) ask(name, options, error);
      else said.textContent = error.message;
    }
  }

  // Without options, what is set when the name is settled is saved.
  function ask(name, options, problem = null) {
    const anew = Boolean(draft);
    draft = { taken: "", said: "", ...draft, name, options };
    const word = () => (draft.name === draft.taken ? "Replace" : "Save");
    const field = h("input", {
      type: "text", id: "preset-name", value: name, maxLength: 60, autocomplete: "off", placeholder: "Name", "aria-label": "Name of the preset",
      "data-key": "preset-name",
      oninput: () => {
        draft.name = field.value;
        done.textContent = word();
      },
    });
    const done = h("button", { type: "submit", class: "secondary" }, word());
    const tell = (error) => {
      draft.said = said.textContent = error.message;
      if (error.code === "preset_exists") draft.taken = field.value;
      done.textContent = word();
      field.focus();
    };
    const form = h(
      "form",
      {
        class: "preset-form",
        onsubmit: (event) => {
          event.preventDefault();
          save(field.value, options === undefined ? changed() : options, field.value === draft.taken).catch(tell);
        },
        onkeydown: (event) => event.key === "Escape" && close(),
      },
      field, done, link("preset-cancel", "Cancel", close),
    );
    function close() {
      rest();
      keepThem.focus();
    }
    said.textContent = draft.said;
    fill(place, form, said);
    field.setSelectionRange(name.length, name.length);
    if (problem) tell(problem);
    else if (!anew) field.focus();
  }

  if (draft) ask(draft.name, draft.options);
  else rest();
  return [place, show];
}

function handOver({ name, options }) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(options, null, 2) + "\n"], { type: "application/json" }));
  h("a", { href: url, download: `${name}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// Answers [the select or null, the tools]; both follow the settings as they change.
export function drawPresets() {
  const [select, showSelect] = chooser() ?? [null, () => {}];
  const [place, showTools] = tools();
  refresh = () => {
    showSelect();
    showTools();
  };
  return [select, place];
}

on("options", () => refresh());
