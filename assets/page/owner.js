// The secret under which this browser's jobs are kept: whoever has it, has them. The server stores its hash only.
import { recall, remember } from "./keep.js";

const LEAST = 32;

export function owner() {
  let token = recall("owner");
  if (!token || token.length < LEAST) {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    token = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    remember("owner", token);
  }
  return token;
}
