// What this browser remembers. In a frame of another site that may be forbidden: then it is remembered until the page
// is closed.
const kept = new Map();

export const recall = (name) => get("localStorage", name);
export const remember = (name, value) => set("localStorage", name, value);

// The same for this tab alone, until it is closed: another one is another desk.
export const recallHere = (name) => get("sessionStorage", name);
export const rememberHere = (name, value) => set("sessionStorage", name, value);

// The stores are named, since already asking the window for one may be what is forbidden.
function get(store, name) {
  try {
    return window[store].getItem("recast-" + name);
  } catch {
    return kept.get(store + name) ?? null;
  }
}

function set(store, name, value) {
  try {
    if (value === null) window[store].removeItem("recast-" + name);
    else window[store].setItem("recast-" + name, value);
  } catch {
    if (value === null) kept.delete(store + name);
    else kept.set(store + name, value);
  }
}
