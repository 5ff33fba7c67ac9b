// What the tab asks the server for. Every failure becomes an `Error` whose message may be shown.
import { Failure } from "../recast/server.js";

async function ask(path, method = "GET", body) {
  let answer;
  try {
    answer = await fetch(`${recast.base}studio/jobs${path}`, {
      method,
      headers: { "X-Recast-Token": recast.owner(), ...(body ? { "Content-Type": "application/json" } : {}) },
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Failure("The connection to the server was lost.", "lost");
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  throw new Failure(told.error ?? "Something went wrong inside Recast.", told.code ?? "fault");
}

const json = async (answer) => (await answer).json();

export const all = () => json(ask(""));
export const cancel = (name) => json(ask(`/${name}/cancel`, "POST"));
export const again = (name) => json(ask(`/${name}/again`, "POST"));
export const remove = (name) => ask(`/${name}`, "DELETE");
export const order = (jobs) => json(ask("/order", "POST", { jobs }));
export const batch = (given) => json(ask("/batch", "POST", given));

// Small pictures by job and which; each is fetched once. The token has to go along, which an address cannot carry.
const pictures = new Map();

export function picture(name, which) {
  const key = `${name}/${which}`;
  if (!pictures.has(key)) {
    pictures.set(key, ask(`/${name}/picture/${which}`)
      .then(async (answer) => (answer.status === 200 ? URL.createObjectURL(await answer.blob()) : null))
      .catch(() => {
        pictures.delete(key);
        return null;
      }));
  }
  return pictures.get(key);
}

export function forgetPictures(known) {
  for (const [key, url] of pictures) {
    if (known.has(key.split("/")[0])) continue;
    pictures.delete(key);
    url.then((found) => found && URL.revokeObjectURL(found));
  }
}
