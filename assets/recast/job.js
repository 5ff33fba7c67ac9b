// Following a job: this browser's last one, which the page comes back to.
import { recall, remember } from "../page/keep.js";
import * as server from "./server.js";
import { tell } from "./desk.js";

const OFTEN = 400;
const BESIDE = 1000;
const PATIENT = 2500;

let followed = null;

export const lastJob = () => recall("job");

export function forgetJob() {
  followed = null;
  remember("job", null);
}

// Tells "job" with each new state of it, `known` first where there is one; the last one is over.
export async function follow(name, known = null) {
  const mine = (followed = { name });
  remember("job", name);
  let pictured = 0;
  for (;;) {
    let job = known;
    known = null;
    try {
      job ??= await server.job(name);
    } catch (error) {
      if (followed !== mine) return;
      if (error.code === "job_unknown") {
        forgetJob();
        return tell("job", null);
      }
      // The server may be starting anew; its jobs go on.
      tell("lost", error.message);
      await pause(PATIENT);
      continue;
    }
    if (followed !== mine) return;
    tell("job", job);
    if (isOver(job)) return;
    if (job.live && Date.now() - pictured > 1000) {
      pictured = Date.now();
      const url = await server.livePicture(name).catch(() => null);
      if (followed !== mine) return;
      if (url) tell("live", url);
    }
    await pause(document.hidden ? PATIENT : OFTEN);
  }
}

export const unfollow = () => (followed = null);

// Waits until a job is over, for those beside the one that is shown; null once nobody wants to know any more.
export async function finished(name, progress, left = () => false) {
  for (;;) {
    const job = await server.job(name).catch((error) => {
      if (error.code !== "lost") throw error;
      return null; // the server may be starting anew
    });
    if (left()) return null;
    if (job && isOver(job)) return job;
    if (job) progress?.(job);
    await pause(job && !document.hidden ? BESIDE : PATIENT);
  }
}

export const isOver = (job) => ["done", "failed", "cancelled"].includes(job.state);

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
