// The settings, drawn from what the server says there is: a new option appears by itself.
import { desk, setOption, tell } from "./desk.js";
import { fill, h } from "../page/dom.js";
import { drawPresets } from "./presets.js";

function control(field) {
  const value = desk.options[field.name];
  const id = `option-${field.name}`;
  const about = field.about ? h("p", { class: "soft", id: `${id}-about` }, field.about) : null;
  const described = about ? `${id}-about` : null;
  const key = id;
  if (field.kind === "switch") {
    return h(
      "div",
      { class: "option switch" },
      h("label", { for: id }, field.label),
      h("input", {
        type: "checkbox", role: "switch", id, checked: value, "aria-describedby": described, "data-key": key,
        onchange: (event) => setOption(field.name, event.target.checked),
      }),
      about,
    );
  }
  if (field.kind === "share") {
    const shown = h("output", { for: id }, String(Math.round(value * 100)));
    return h(
      "div",
      { class: "option share" },
      h("label", { for: id }, field.label),
      shown,
      h("input", {
        type: "range", id, min: "0", max: "1", step: "0.05", value: String(value), "aria-describedby": described, "data-key": key,
        style: `--at:${value}`,
        oninput: (event) => {
          shown.textContent = String(Math.round(event.target.value * 100));
          event.target.style.setProperty("--at", event.target.value);
          setOption(field.name, Number(event.target.value));
        },
      }),
      field.ends[0] && h("div", { class: "ends", "aria-hidden": "true" }, h("span", {}, field.ends[0]), h("span", {}, field.ends[1])),
      about,
    );
  }
  // Side by side where the words have room for it, in other languages too.
  const letters = field.choices.reduce((sum, choice) => sum + choice.label.length, 0);
  if (field.kind === "choice" && field.choices.length <= 4 && letters < 36) {
    return h(
      "fieldset",
      { class: "option choice-of", "aria-describedby": described },
      h("legend", {}, field.label),
      h(
        "div",
        { class: "segments" },
        field.choices.map((one) =>
          h("label", {},
            h("input", {
              type: "radio", name: id, value: one.value, checked: one.value === value, "data-key": `${id}-${one.value}`,
              onchange: () => choose(field, one.value),
            }),
            h("span", {}, one.label)),
        ),
      ),
      about,
    );
  }
  const select = h(
    "select",
    { id, "aria-describedby": described, "data-key": key, onchange: (event) => choose(field, event.target.value) },
    field.choices.map((one) => h("option", { value: one.value, selected: one.value === value }, one.label)),
  );
  if (field.kind === "rate") {
    return h(
      "div",
      { class: "option" },
      h("label", { for: id }, field.label),
      h("input", {
        type: "text", id, value: value ? String(Math.round(value * 1000) / 1000) : "", placeholder: "24", inputMode: "decimal", "aria-describedby": described, "data-key": key,
        onchange: ({ target: input }) => {
          const [above, below = "1"] = input.value.replace(",", ".").split("/");
          const rate = Number(above) / Number(below);
          if (rate > 0 && rate <= 1000) setOption(field.name, rate);
          else {
            setOption(field.name, null);
            input.value = "";
          }
        },
      }),
      about,
    );
  }
  const text = () =>
    h("input", {
      type: "text", id, value: value ?? "", inputMode: "decimal", "data-key": key,
      onchange: (event) => setOption(field.name, event.target.value === "" ? null : Number(event.target.value)),
    });
  return h("div", { class: "option" }, h("label", { for: id }, field.label), field.choices.length ? select : text(), about);
}

function choose(field, value) {
  setOption(field.name, value);
  if (field.name === "engine" || field.name === "label") tell("engine");
}

const VIDEOS_ONLY = (field) => field.group === "Video" || field.name === "video_format";

// Settings that concern videos only are left out for pictures, and the other way round, those of networks while none renders the face, and those of
// the label while there is none.
const fits = (field) =>
  !(field.kind === "rate" && desk.target?.kind !== "sequence") &&
  !(VIDEOS_ONLY(field) && desk.target?.kind === "image") && !(field.name === "picture_format" && desk.target?.kind === "video") && (!field.networks || desk.options.engine !== "mesh") &&
  (!field.name.startsWith("label_") || desk.options.label !== "none");

export function drawSettings(first, more) {
  const [presets, tools] = drawPresets();
  fill(first, presets, desk.start.fields.filter((field) => field.first && fits(field)).map(control));
  const groups = desk.start.groups.map((group) => {
    const fields = desk.start.fields.filter((field) => field.group === group && !field.first && fits(field));
    return fields.length ? h("section", {}, h("h3", {}, group), h("div", { class: "options" }, fields.map(control))) : null;
  });
  fill(more, groups, tools);
}
