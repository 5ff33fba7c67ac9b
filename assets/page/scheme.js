// Light or dark: the system's choice until the visitor makes one.
import { recall, remember } from "./keep.js";
import { whenThere } from "./there.js";

const SUN =
  '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="4.2"/><path d="M12 2.8v2.4M12 18.8v2.4M2.8 12h2.4M18.8 12h2.4M5.5 5.5l1.7 1.7M16.8 16.8l1.7 1.7M18.5 5.5l-1.7 1.7M7.2 16.8l-1.7 1.7"/></svg>';
const MOON = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M20 14.2A8.2 8.2 0 0 1 9.8 4a8.2 8.2 0 1 0 10.2 10.2Z"/></svg>';

export function startScheme() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (recall("scheme") ? recall("scheme") === "dark" : system.matches);

  function apply() {
    document.body.classList.toggle("dark", dark());
    const button = document.getElementById("scheme");
    if (!button) return;
    button.innerHTML = dark() ? SUN : MOON;
    button.setAttribute("aria-pressed", String(dark()));
  }

  system.addEventListener("change", apply);
  whenThere("#scheme", (button) => {
    button.addEventListener("click", () => {
      remember("scheme", dark() ? "light" : "dark");
      apply();
    });
    apply();
  });
}
