// The Check tab: a file goes in, and what it says about itself comes out, place by place.
import { h, fill } from "../page/dom.js";
import { fileButton, takesDrops, TARGETS } from "../page/files.js";
import { icon } from "../page/icons.js";
import { whenThere } from "../page/there.js";
import { address, Failure, upload } from "../recast/server.js";

const CREDENTIALS = ".c2pa"; // lies beside a file whose format cannot hold its own
const FILES = `${TARGETS},${CREDENTIALS}`;
const MARKS = { found: "tick", none: "nothing", bad: "warning" };

class Check {
  constructor(root) {
    this.root = root;
    this.file = null; // {name, path, state: "uploading" | "looking" | "done" | "failed", share, outcome, error, leaving}
    this.given = h("div", { id: "check-file" });
    this.outcome = h("div", { id: "check-outcome", "aria-live": "polite" });
    root.replaceChildren(
      h("div", { class: "check-side" },
        h("section", { class: "panel" }, h("h2", {}, "Picture or video"), this.given),
        h("p", { class: "soft check-lead" },
          "Every result of Recast carries signed Content Credentials and an invisible watermark. Here you see what a file says about itself.")),
      this.outcome,
    );
    root.classList.add("ready");
    document.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length || !root.offsetParent) return;
      event.preventDefault();
      this.take(files);
    });
    this.draw();
  }

  // A file, its credentials, or both; credentials alone are for the file that is there.
  async take(things) {
    const beside = things.find((thing) => thing.name.toLowerCase().endsWith(CREDENTIALS));
    const thing = things.find((other) => other !== beside);
    const before = this.file?.path ? this.file : null;
    this.file?.leaving.abort();
    const file = (this.file = { name: (thing ?? before ?? beside).name, state: "uploading", share: 0, leaving: new AbortController() });
    this.draw();
    try {
      if (!thing && !before) throw new Failure("This file tells of another. Choose the picture or video together with it.", "alone");
      file.path = thing ? await upload(thing, (share) => {
        file.share = share;
        this.root.querySelector(".meter")?.style.setProperty("--share", share);
      }, file.leaving.signal) : before.path;
      const credentials = beside && await upload(beside, null, file.leaving.signal);
      file.state = "looking";
      this.draw();
      file.outcome = await look({ path: file.path, credentials }, file.leaving.signal);
      file.state = "done";
    } catch (error) {
      if (error.name === "AbortError") return;
      Object.assign(file, { state: "failed", error: error.message });
    }
    this.draw();
  }

  clear() {
    this.file?.leaving.abort();
    this.file = null;
    this.draw();
  }

  draw() {
    fill(this.given, this.file ? this.row(this.file) : this.zone());
    fill(this.outcome, this.verdict(this.file));
  }

  zone() {
    const zone = h("div", { class: "drop" },
      fileButton({ accept: FILES, multiple: true, act: (files) => this.take(files), className: "big", key: "check-add" },
        icon("shield"), h("b", {}, "Choose a file to check"), h("span", { class: "with-mouse" }, "or drop it here, or paste it")));
    takesDrops(zone, (files) => this.take(files));
    return zone;
  }

  row(file) {
    const working = file.state === "uploading" || file.state === "looking";
    const row = h("div", { class: `target-row ${file.state}` },
      h("span", { class: "picture" }, file.outcome ? h("img", { src: address(file.outcome.picture), alt: "" }) : icon(file.state === "failed" ? "warning" : "film")),
      h("div", { class: "about" },
        h("b", { class: "verbatim", title: file.name }, file.name),
        h("span", { class: "soft" }, file.outcome?.about ?? (file.state === "uploading" ? "Uploading…" : working ? "Looking at it…" : "")),
        working && h("i", { class: "meter", style: `--share:${file.state === "looking" ? 1 : file.share}` })),
      fileButton({ accept: FILES, multiple: true, act: (files) => this.take(files), className: "small", key: "check-other", label: "Replace" }, icon("swap")),
      h("button", { type: "button", class: "remove", "aria-label": "Remove the picture or video", "data-key": "check-clear", onclick: () => this.clear() }, icon("close")));
    takesDrops(row, (files) => this.take(files));
    return row;
  }

  verdict(file) {
    if (!file) {
      return h("section", { class: "check empty" }, icon("shield"), h("b", {}, "Is it real?"),
        h("p", { class: "soft" }, "Give a picture or a video, and see whether it is marked as synthetic, who says so, and whether it was made here."));
    }
    if (file.state === "failed") {
      return h("section", { class: "check empty bad", role: "alert" }, icon("warning"), h("b", {}, "It could not be checked."), h("p", { class: "fatal" }, file.error));
    }
    if (file.state !== "done") {
      return h("section", { class: "check empty", role: "status" }, h("i", { class: "check-turn", "aria-hidden": "true" }), h("b", {}, "Looking for marks…"),
        h("p", { class: "soft" }, "A long video takes a few seconds."));
    }
    const { outcome } = file;
    return h("section", { class: `check panel ${outcome.tone}` },
      h("div", { class: "check-head" }, h("span", { class: "check-seal" }, icon(MARKS[outcome.tone])), h("h2", {}, outcome.headline)),
      h("ul", {}, outcome.findings.map((one) =>
        h("li", { class: one.state },
          h("span", { class: "check-mark" }, icon(MARKS[one.state])),
          h("div", {}, h("h3", {}, one.title), h("p", {}, one.sentences.map((words) => [h("span", {}, words), " "]).flat()))))),
      outcome.apart && h("div", { class: "note apart" }, icon("info"),
        h("div", {}, h("p", {}, "Files of this format have their Content Credentials in a second file beside them."),
          fileButton({ accept: CREDENTIALS, act: (files) => this.take(files), className: "link", key: "check-beside" }, "Add its .c2pa file"))),
      outcome.limitation && h("p", { class: "note" }, icon("info"), h("span", {}, outcome.limitation)),
      h("details", {}, h("summary", {}, "Details"), h("dl", { class: "verbatim" },
        Object.entries(outcome.details).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]).flat())));
  }
}

async function look(given, signal) {
  let answer;
  try {
    answer = await fetch(`${recast.base}studio/check`, {
      method: "POST", body: JSON.stringify(given), headers: { "Content-Type": "application/json" }, signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure("The connection to the server was lost.", "lost");
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Failure(told.error ?? "Something went wrong inside Recast.", told.code ?? "fault");
  return told;
}

whenThere("#check", (root) => new Check(root));
