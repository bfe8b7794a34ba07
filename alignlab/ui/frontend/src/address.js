// What a person chose about the picture. It lives in the page's address so that a link carries it, and in the tab's
// memory so that it survives a change of page, which clears the address. The server is never asked.

export const NAMES = ["colour", "stretch", "palette", "order", "filter", "lasso", "camera", "duplicates"];
const STORE = "alignlab.map";
let remembered = null;

/** What is chosen, by name; a name that is absent was left open. An address that names anything counts alone. */
export function readAddress() {
  if (remembered) return { ...remembered };
  const query = new URLSearchParams(window.location.search);
  const named = NAMES.some((name) => query.has(name));
  const source = named ? Object.fromEntries(query) : readStore();
  remembered = Object.fromEntries(NAMES.filter((name) => source[name]).map((name) => [name, source[name]]));
  return { ...remembered };
}

/** Notes what has changed; an empty value takes its name out of the address. */
export function writeAddress(change) {
  const next = { ...readAddress(), ...change };
  remembered = Object.fromEntries(NAMES.filter((name) => next[name]).map((name) => [name, next[name]]));
  try {
    window.sessionStorage.setItem(STORE, JSON.stringify(remembered));
  } catch {
    // A browser that forbids storage keeps the choice for this page only.
  }
  showInAddress();
}

/** Puts the choice back into the address after the server has rewritten it. */
export function showInAddress() {
  if (!remembered) return;
  const url = new URL(window.location.href);
  for (const name of NAMES) {
    if (remembered[name]) url.searchParams.set(name, remembered[name]);
    else url.searchParams.delete(name);
  }
  const search = url.searchParams.toString();
  if (search !== window.location.search.replace(/^\?/, "")) {
    window.history.replaceState(window.history.state, "", `${url.pathname}${search ? `?${search}` : ""}${url.hash}`);
  }
}

function readStore() {
  try {
    return JSON.parse(window.sessionStorage.getItem(STORE) ?? "{}");
  } catch {
    return {};
  }
}
