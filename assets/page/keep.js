// What this browser remembers. In a frame of another site that may be forbidden: then it is remembered until the page
// is closed.
const kept = new Map();

export function recall(name) {
  try {
    return localStorage.getItem("recast-" + name);
  } catch {
    return kept.get(name) ?? null;
  }
}

export function remember(name, value) {
  try {
    if (value === null) localStorage.removeItem("recast-" + name);
    else localStorage.setItem("recast-" + name, value);
  } catch {
    if (value === null) kept.delete(name);
    else kept.set(name, value);
  }
}
