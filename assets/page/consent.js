// What the visitor states before their first job: that they have the right to use the faces. The server remembers it.
import { h } from "./dom.js";
import { owner } from "./owner.js";

const STATED = "recast:consent";
let known = null; // {rule, text, implied, stated}

async function ask(method = "GET") {
  const answer = await fetch(recast.base + "studio/consent", { method, headers: { "X-Recast-Token": owner() } });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error ?? "Something went wrong inside Recast.");
  known = await answer.json();
}

let asked = ask().catch(() => {}); // the newest question: whoever has just ticked the box may go on at once

// Whether faces may be recast; where not, the box that is to be ticked in `line`, if any is given, gets the focus.
export async function consented(line) {
  await asked;
  if (!known || known.rule === "implied" || known.stated) return true;
  line?.querySelector("input")?.focus();
  return false;
}

export const MISSING = "State first that you have the right to use these faces.";

// Calls `act` once it is stated.
export const whenStated = (act) => window.addEventListener(STATED, act);

// The sentence or the box that stands beside a button which starts something.
export function consentLine() {
  const line = h("div", { class: "consent" });
  const draw = () => {
    if (!known) return;
    if (known.rule === "implied") return line.replaceChildren(h("p", { class: "soft" }, known.implied));
    if (known.stated && !line.firstChild) return;
    const box = h("input", { type: "checkbox", checked: known.stated, disabled: known.stated });
    const said = h("span", { class: "fatal", role: "alert" });
    box.addEventListener("change", async () => {
      box.disabled = true;
      const stated = ask("POST");
      asked = stated.catch(() => {});
      try {
        await stated;
        window.dispatchEvent(new Event(STATED));
      } catch (error) {
        box.checked = box.disabled = false;
        said.textContent = error.message;
      }
    });
    line.replaceChildren(h("label", {}, box, h("span", {}, known.text)), said);
  };
  asked.then(draw);
  whenStated(draw);
  return line;
}
