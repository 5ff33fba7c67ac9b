// The page's own scripts: language, light or dark, the device, and who this browser is; then those of the tabs.
import { startDevice } from "./device.js";
import { owner } from "./owner.js";
import { startScheme } from "./scheme.js";
import { startTabs } from "./tabs.js";
import { startWords } from "./words.js";

// For tabs that are made of gradio's components: `js="() => recast.owner()"` gives an event the owner's token.
recast.owner = owner;
startWords();
startScheme();
startDevice();
startTabs();

// A line for each tab that has scripts of its own.
import("../recast/main.js");
import("../live/main.js");
import("../models/main.js");
import("../jobs/main.js");
import("../check/main.js");
