// Translation. Texts are written in English everywhere, in Python and in scripts alike; where another language is
// chosen, each text and label is replaced as it appears in the document. A catalogue (`assets/words/LANGUAGE.json`)
// maps the English to the other language:
//
//   "Add a photo": "Foto hinzufügen"                         a whole text
//   "{done} of {total} frames": "{done} von {total} Bildern" a text with parts that vary
//
// Texts joined by " · " are looked up one by one. What a catalogue does not know stays English. What a visitor wrote, or
// files are called, belongs in an element with the class `verbatim`: nothing in it is looked up.
import { recall, remember } from "./keep.js";
import { whenThere } from "./there.js";

const LABELS = ["aria-label", "aria-valuetext", "title", "placeholder", "alt"];
const LEFT_ALONE = "script, style, textarea, code, .verbatim";

let language = "en"; // what is shown
let wanted = "en"; // what was chosen
let texts = new Map();
let patterns = [];
let decimal = ".";
const originals = new WeakMap();

export function translate(text) {
  if (language === "en") return text;
  const bare = text.trim().replace(/\s+/g, " ");
  if (!/\p{L}/u.test(bare)) return text;
  const found = lookUp(bare);
  return found === null ? text : text.match(/^\s*/)[0] + found + text.match(/\s*$/)[0];
}

function lookUp(bare) {
  // In parts first: "{time} left" would take all that stands before it for the time.
  if (!bare.includes(" · ")) return texts.get(bare) ?? matched(bare);
  const parts = bare.split(" · ");
  // No line begins with a dot, or with the unit of a number.
  const short = (part) => (part.length < 20 ? part.replaceAll(" ", "\u00a0") : part);
  return parts.map((part) => short(texts.get(part) ?? matched(part) ?? numeral(part))).join("\u00a0· ");
}

function matched(bare) {
  for (const { expression, names, text } of patterns) {
    const values = expression.exec(bare);
    if (!values) continue;
    return text.replace(/\{(\w+)\}/g, (_, name) => {
      const value = values[names.indexOf(name) + 1] ?? "";
      return texts.get(value) ?? matched(value) ?? numeral(value);
    });
  }
  return null;
}

// A number, or a time, with this language's decimal sign; anything else as it is.
const numeral = (value) => (/^[\d:]+\.\d+( s)?$/.test(value) ? value.replace(".", decimal) : value);

function pattern(english, text) {
  const names = [];
  const source = english
    .split(/(\{\w+\})/)
    .map((part) => {
      if (!/^\{\w+\}$/.test(part)) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      names.push(part.slice(1, -1));
      return "(.+?)";
    })
    .join("");
  return { expression: new RegExp(`^${source}$`, "u"), names, text, fixed: english.replace(/\{\w+\}/g, "").length };
}

function replace(holder, name, read, write) {
  const known = originals.get(holder) ?? {};
  const now = read();
  if (now === null || now === known[name]?.shown) return;
  const shown = translate(now);
  originals.set(holder, { ...known, [name]: { english: now, shown } });
  if (shown !== now) write(shown);
}

function visit(node) {
  if (node.nodeType === Node.TEXT_NODE) {
    if (!node.parentElement?.closest(LEFT_ALONE))
      replace(node, "text", () => node.data, (text) => (node.data = text));
  } else if (node.nodeType === Node.ELEMENT_NODE && !node.closest(LEFT_ALONE)) {
    visitLabels(node);
    for (const child of node.childNodes) visit(child);
  }
}

function visitLabels(element) {
  for (const name of LABELS)
    if (element.hasAttribute(name))
      replace(element, name, () => element.getAttribute(name), (text) => element.setAttribute(name, text));
}

function restore(node) {
  const known = originals.get(node);
  if (known) {
    for (const [name, { english, shown }] of Object.entries(known)) {
      if (name === "text" && node.data === shown) node.data = english;
      else if (name !== "text" && node.getAttribute(name) === shown) node.setAttribute(name, english);
    }
    originals.delete(node);
  }
  for (const child of node.childNodes) restore(child);
}

async function choose(name) {
  restore(document.documentElement);
  // Until the catalogue is here, texts that appear are left for it.
  language = "en";
  wanted = name in recast.languages ? name : "en";
  texts = new Map();
  patterns = [];
  document.documentElement.lang = wanted;
  if (wanted === "en") return;
  const answer = await fetch(`${recast.assets}words/${wanted}.json`);
  if (!answer.ok || wanted !== name) return;
  const catalogue = (await answer.json()).texts;
  if (wanted !== name) return;
  for (const [english, text] of Object.entries(catalogue)) {
    if (english.includes("{")) patterns.push(pattern(english, text));
    else texts.set(english, text);
  }
  // The more of a text is fixed, the surer it is meant.
  patterns.sort((one, other) => other.fixed - one.fixed);
  decimal = (0.5).toLocaleString(name).replace(/\d/g, "");
  language = name;
  visit(document.documentElement);
}

function preferred() {
  const asked = new URLSearchParams(location.search).get("lang") ?? recall("language");
  const wanted = [asked, ...navigator.languages].filter(Boolean).map((name) => name.toLowerCase().split("-")[0]);
  return wanted.find((name) => name in recast.languages) ?? "en";
}

export function startWords() {
  new MutationObserver((changes) => {
    if (language === "en") return;
    for (const change of changes) {
      if (change.type === "childList") change.addedNodes.forEach(visit);
      else if (change.type === "characterData") visit(change.target);
      else if (!change.target.closest(LEFT_ALONE)) visitLabels(change.target);
    }
  }).observe(document.documentElement, {
    childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: LABELS,
  });
  choose(preferred());
  whenThere("#language", (select) => {
    select.classList.add("verbatim");
    for (const [name, title] of Object.entries(recast.languages)) select.add(new Option(title, name));
    select.value = wanted;
    select.addEventListener("change", () => {
      remember("language", select.value);
      choose(select.value);
    });
  });
}
