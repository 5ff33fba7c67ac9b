// The Models tab: what is here, on whose terms, and more to be fetched after the licence was accepted.
import { whenThere } from "../page/there.js";
import { fill, h } from "../page/dom.js";
import { icon } from "../page/icons.js";

const AGAIN = 700; // milliseconds between looks while something is fetched
const ROUTE = "studio/models";
const TERMS = {
  permissive: "Free to use",
  copyleft: "Free to use",
  research: "Research only",
  "non-commercial": "Not for commercial use",
  unknown: "Licence unknown",
};

class Models {
  constructor(root) {
    this.root = root;
    this.timer = 0;
    this.dialog = h("dialog", { class: "dialog", id: "licence" });
    document.body.append(this.dialog);
    this.look();
    // What was fetched elsewhere is seen when the tab is opened again.
    new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && this.look()).observe(root);
  }

  async look() {
    await this.ask();
  }

  async ask(path = "", init = undefined) {
    clearTimeout(this.timer);
    let answer = null;
    try {
      const response = await fetch(`${recast.base}${ROUTE}${path}`, init);
      answer = await response.json();
      if (!response.ok) throw new Error(answer.error ?? "Something went wrong inside Recast.");
    } catch (error) {
      this.say(error.message);
      return;
    }
    this.draw(answer);
    const busy = answer.groups.some((group) => group.models.some((model) => model.fetching?.running));
    if (busy) this.timer = setTimeout(() => this.look(), AGAIN);
  }

  send(name, accept) {
    const headers = { "Content-Type": "application/json" };
    return this.ask(`/${encodeURIComponent(name)}`, { method: "POST", headers, body: JSON.stringify({ accept }) });
  }

  say(text) {
    const note = this.root.querySelector(".models-error");
    if (note) note.textContent = text;
    else this.root.prepend(h("p", { class: "models-error fatal", role: "alert" }, text));
  }

  draw(state) {
    const mesh = h(
      "li", { class: "model ready" },
      h("div", { class: "model-name" }, h("b", {}, "Mesh, built in"), h("small", {}, "Apache-2.0")),
      h("div", { class: "model-terms" }, chip("permissive")),
      h("div", { class: "model-state" }, h("span", { class: "here" }, "Always here")),
    );
    fill(
      this.root,
      h("p", { class: "models-error fatal", role: "alert" }),
      state.why_not ? h("p", { class: "note" }, icon("info"), state.why_not) : null,
      ...state.unusable.map((fault) => h("p", { class: "note verbatim" }, icon("info"), fault)),
      ...state.groups.filter((group) => group.models.length).map((group, place) =>
        h(
          "section", { class: "panel models-group" },
          h("h2", {}, group.title),
          h("p", { class: "soft" }, group.about),
          h("ul", {}, place === 0 ? mesh : null, ...group.models.map((model) => this.row(model, state.may_change))),
        )),
      state.folder ? h("p", { class: "soft models-folder" }, h("span", {}, "New models go to"), " ",
        h("code", {}, state.folder)) : null,
    );
  }

  row(model, mayChange) {
    return h(
      "li", { class: `model ${model.ready ? "ready" : ""}`, "data-model": model.name },
      h(
        "div", { class: "model-name" },
        h("b", { class: "verbatim" }, model.title),
        h("small", { class: "verbatim" }, [model.origin, size(model.bytes)].filter(Boolean).join(" · ")),
      ),
      h("div", { class: "model-terms", title: model.about_licence }, chip(model.terms),
        h("small", { class: "verbatim" }, model.licence)),
      h("div", { class: "model-state" }, ...this.status(model, mayChange)),
    );
  }

  status(model, mayChange) {
    const fetching = model.fetching;
    if (fetching?.running) {
      const share = fetching.total ? fetching.done / fetching.total : null;
      return [
        h("progress", { max: 1, ...(share === null ? {} : { value: share }), "aria-label": "Fetching" }),
        h("small", { class: "verbatim" }, `${fetching.part} · ${size(fetching.done) || "0 MB"}`
          + (fetching.total ? ` / ${size(fetching.total)}` : "")),
      ];
    }
    const parts = [];
    if (fetching?.error) parts.push(h("small", { class: "fatal" }, fetching.error));
    if (model.ready) {
      parts.push(h("span", { class: "here" }, model.device ? `Loaded, runs on ${model.device}` : "Here"));
    }
    if (mayChange && model.missing.length) {
      const get = model.installed ? "Get the rest" : "Get";
      parts.push(h("button", { type: "button", class: "secondary", "data-key": `get-${model.name}`,
        onclick: () => this.want(model) }, icon("download"), get));
    } else if (mayChange && model.own) {
      parts.push(h("button", { type: "button", class: "link", "data-key": `remove-${model.name}`,
        onclick: () => this.remove(model) }, "Remove"));
    } else if (!model.installed) {
      parts.push(h("span", { class: "soft" }, "Not here"));
    }
    return parts;
  }

  want(model) {
    if (!model.to_accept.length) return this.send(model.name, false);
    const agreed = h("input", { type: "checkbox", id: "licence-agreed" });
    const get = h("button", { type: "button", class: "primary", disabled: true, id: "licence-get" }, "Get");
    agreed.addEventListener("change", () => (get.disabled = !agreed.checked));
    get.addEventListener("click", () => {
      this.dialog.close();
      this.send(model.name, true);
    });
    fill(
      this.dialog,
      h("h2", {}, "Licences to accept"),
      ...model.to_accept.map((part) =>
        h("p", {}, h("b", { class: "verbatim" }, `${part.title}: ${part.licence}`), h("br"), h("span", {}, part.words))),
      h("label", { class: "licence-agree" }, agreed, h("span", {}, "I have read these licences and accept them")),
      h("div", { class: "row" },
        h("button", { type: "button", class: "secondary", onclick: () => this.dialog.close() }, "Cancel"), get),
    );
    this.dialog.showModal();
  }

  remove(model) {
    fill(
      this.dialog,
      h("h2", {}, "Remove this model?"),
      h("p", { class: "verbatim" }, model.title),
      h("div", { class: "row" },
        h("button", { type: "button", class: "secondary", onclick: () => this.dialog.close() }, "Cancel"),
        h("button", { type: "button", class: "primary", id: "model-remove", onclick: () => {
          this.dialog.close();
          this.ask(`/${encodeURIComponent(model.name)}`, { method: "DELETE" });
        } }, "Remove")),
    );
    this.dialog.showModal();
  }
}

function chip(terms) {
  return h("span", { class: `chip ${terms === "permissive" || terms === "copyleft" ? "free" : "bound"}` }, TERMS[terms]);
}

function size(bytes) {
  return bytes ? `${Math.max(1, Math.round(bytes / 1e6))} MB` : "";
}

whenThere("#models", (root) => new Models(root));
