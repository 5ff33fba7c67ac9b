// What the tab asks the server for. Every failure becomes an `Error` whose message may be shown.

const LOST = "The connection to the server was lost.";

export class Failure extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

export const address = (path) => recast.base + path;
// A file of the studio's folders. Names may hold what means something in an address, such as #.
export const file = (path) => address("gradio_api/file=" + path.split("/").map(encodeURIComponent).join("/"));

async function ask(path, settings = {}) {
  let answer;
  try {
    answer = await fetch(address("studio/desk/" + path), {
      ...settings,
      headers: { "X-Recast-Token": recast.owner(), ...settings.headers },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(LOST, "lost");
  }
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => ({}));
  if (answer.status >= 502 && !body.code) throw new Failure(LOST, "lost");
  throw new Failure(body.error ?? "Something went wrong inside Recast.", body.code ?? "fault");
}

const send = (body, signal) => ({
  method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, signal,
});
const json = async (answer) => (await answer).json();

// Puts a file on the server; `progress` is told the share that is done. Answers its path there.
export function upload(file, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("files", file, file.name);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress?.(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      let body = null;
      try {
        body = JSON.parse(request.responseText);
      } catch {
        // told below
      }
      if (request.status === 200 && Array.isArray(body)) resolve(body[0]);
      else if (request.status === 413) reject(new Failure(body?.error ?? "The file is too large.", "too_large"));
      else reject(new Failure(body?.error ?? "The file could not be uploaded.", body?.code ?? "upload"));
    });
    request.addEventListener("error", () => reject(new Failure(LOST, "lost")));
    request.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    signal?.addEventListener("abort", () => request.abort());
    request.open("POST", address("gradio_api/upload"));
    request.send(form);
  });
}

// `face` is the number of the one who is meant, from the left; 0 for the one who is seen best.
export const lookAtPhoto = (path, face = 0, signal) => json(ask("photo", send({ path, face }, signal)));
// `rate` is that of numbered pictures, where one was given.
export const lookAtTarget = (path, rate = null) => json(ask("target", send({ path, rate })));

// Looks for people; `progress` is told how far that is. Answers {search, people, known}: `known` says whom of them the
// cast of the job `like` names, by their numbers there.
export async function findPeople(path, like, rate, progress, signal) {
  const answer = await ask("people", send({ path, like, rate }, signal));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let last = null;
  for (;;) {
    const { value, done } = await reader.read().catch((error) => {
      throw error.name === "AbortError" ? error : new Failure(LOST, "lost");
    });
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines.filter(Boolean)) {
      last = JSON.parse(line);
      if (last.state) progress(last);
    }
  }
  if (last?.error && typeof last.error === "string") throw new Failure(last.error, last.code);
  if (!last?.people) throw new Failure(LOST, "lost");
  return last;
}

async function picture(answer) {
  const found = await answer;
  return {
    url: URL.createObjectURL(await found.blob()),
    faces: JSON.parse(found.headers.get("X-Recast-Faces") ?? "[]"),
    changed: Number(found.headers.get("X-Recast-Changed") ?? 0),
    doubts: JSON.parse(found.headers.get("X-Recast-Doubts") ?? "[]"),
  };
}

export const frame = (path, moment, rate, signal) =>
  picture(ask(`frame?path=${encodeURIComponent(path)}&moment=${moment}${rate ? `&rate=${rate}` : ""}`, { signal }));
export const preview = (order, moment, signal) => picture(ask("preview", send({ ...order, moment }, signal)));

// Strokes (a PNG) over one frame, added to what is excluded of whoever they lie on. Answers {exclude, shown}.
export const painted = (order) => json(ask("painted", send(order)));

// A preset as it is to be kept: {name, options}.
export const savePreset = (preset) => json(ask("presets", send(preset)));
export const removePreset = (name) => ask(`presets/${encodeURIComponent(name)}`, { method: "DELETE" });

export const startJob = (order) => json(ask("jobs", send(order)));
export const job = (name, whole = false) => json(ask(`jobs/${name}${whole ? "?whole=true" : ""}`));
export const cancelJob = (name) => json(ask(`jobs/${name}/cancel`, { method: "POST" }));
export const compareJob = (name) => json(ask(`jobs/${name}/comparison`, { method: "POST" }));

export async function livePicture(name) {
  const answer = await ask(`jobs/${name}/live`);
  return answer.status === 200 ? URL.createObjectURL(await answer.blob()) : null;
}
