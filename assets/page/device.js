// The device in the masthead; a fall-back is said in words there.
import { whenThere } from "./there.js";

export async function startDevice() {
  const answer = fetch(recast.base + "studio/device").then((found) => found.json());
  whenThere("#device", async (chip) => {
    try {
      const device = await answer;
      chip.textContent = device.warning || device.name;
      chip.title = device.why || device.about;
      chip.classList.toggle("warning", Boolean(device.warning));
    } catch {
      chip.textContent = "";
    }
  });
}
