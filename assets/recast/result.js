// A finished job: before and after, the report in words, and what can be done with it.
import { tell } from "./desk.js";
import { fill, h, size } from "../page/dom.js";
import { icon } from "../page/icons.js";
import { finished } from "./job.js";
import { makePlayer } from "./player.js";
import * as server from "./server.js";
import { beside, image } from "./viewer.js";

const STILL = /\.(png|jpe?g|webp|avif|gif|bmp|tiff?)$/i;

// Draws it, and answers the player, if there is one.
export function drawResult({ job, viewer, below, bar, faces }) {
  const { result } = job;
  fill(below, report(job));
  viewer.setZoom(null);
  if (result.kind === "image" || result.packed || STILL.test(result.name)) {
    const after = image(server.address(result.after ?? result.url), "The result");
    const before = result.before ? image(server.address(result.before), "The original") : original(job);
    after.decode().then(() => {
      const { naturalWidth: width, naturalHeight: height } = after;
      viewer.show({ width, height, before, after });
      opened(job, viewer, result.packed ? result.start : 0, faces);
    }, () => unseen(bar, result));
    return null;
  }
  const source = job.target && result.kind !== "sequence" ? server.file(job.target.path) : null;
  const player = makePlayer(server.address(result.url), source, result.start, result.sound);
  player.after.addEventListener("loadedmetadata", () => {
    const { videoWidth: width, videoHeight: height } = player.after;
    viewer.show({ width, height, before: player.before ?? player.after, after: player.before ? player.after : null });
    opened(job, viewer, result.start, faces);
    player.before?.addEventListener("error", () => viewer.show({ width, height, before: player.after, after: null }));
  });
  player.after.addEventListener("error", () => player.after.src && unseen(bar, result));
  fill(bar, player.element);
  return player;
}

// Where the faces are is asked for, so that they can be zoomed to and are not cut in two.
async function opened(job, viewer, moment, faces) {
  const found = job.target ? await server.frame(job.target.path, moment, job.options.rate).catch(() => null) : null;
  faces(found?.faces ?? []);
  viewer.reveal(beside(found?.faces ?? []));
}

const original = (job) => (job.target ? image(server.file(job.target.path), "The original") : null);

function unseen(bar, result) {
  fill(bar, h("p", { class: "note" }, icon("info"), h("span", {}, "This browser cannot show the format. Download it to look at it."), h("span", { class: "verbatim soft" }, result.name)));
}

function report(job) {
  const { result } = job;
  const [headline, ...rest] = result.sentences ?? ["Done."];
  const download = h(
    "a",
    { class: "primary", id: "download", href: server.address(result.url), download: result.name },
    icon("download"), h("span", {}, "Download"), result.bytes && h("small", {}, size(result.bytes)),
  );
  const again = h("button", { type: "button", class: "secondary", id: "again", onclick: () => tell("again", job) }, icon("redo"), h("span", {}, "Do it again with changes"));
  const credentials = result.credentials && h(
    "a",
    { class: "secondary", id: "credentials", href: server.address(result.credentials), download: "" },
    icon("download"), h("span", {}, "Content Credentials"),
  );
  const compare = job.target && !result.packed && h("button", { type: "button", class: "secondary", id: "comparison" }, icon("split"), h("span", {}, "Comparison clip"));
  if (compare) {
    if (result.kind === "image") compare.lastChild.textContent = "Comparison picture";
    compare.addEventListener("click", () => makeComparison(job, compare));
  }
  return h(
    "div",
    { class: "report" },
    h("div", { class: "told" }, h("h2", { id: "done-line", tabIndex: -1 }, headline), rest.length > 0 && h("ul", {}, rest.map((one) => h("li", {}, one)))),
    h("div", { class: "deeds" }, download, credentials, compare, again),
  );
}

async function makeComparison(job, button) {
  const words = button.lastChild;
  const title = words.textContent;
  button.disabled = true;
  words.textContent = "Putting it together…";
  try {
    const { id } = await server.compareJob(job.id);
    const done = await finished(id, ({ progress }) => {
      if (progress?.total) words.textContent = `Putting it together: ${Math.round((100 * progress.done) / progress.total)} %`;
    });
    if (!done.result) throw new Error(done.error?.message ?? "The comparison could not be made.");
    const link = h(
      "a",
      { class: "secondary", id: "comparison-file", href: server.address(done.result.url), download: done.result.name },
      icon("download"), h("span", {}, title), h("small", {}, size(done.result.bytes)),
    );
    button.replaceWith(link);
    link.click();
    link.focus();
  } catch (error) {
    button.disabled = false;
    words.textContent = title;
    button.after(h("p", { class: "fatal", role: "alert" }, error.message));
  }
}
