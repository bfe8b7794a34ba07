// What a person chose about colour. It lives in the page's address so that a link carries it, and in the tab's memory
// so that it survives a change of page, which clears the address. The server is never asked.

const NAMES = ["colour", "stretch", "palette"];
const STORE = "alignlab.map";
let remembered = null;

export function readSettings() {
  if (remembered) return { ...remembered };
  const query = new URLSearchParams(window.location.search);
  let stored = {};
  try {
    stored = JSON.parse(window.sessionStorage.getItem(STORE) ?? "{}");
  } catch {
    stored = {};
  }
  remembered = {};
  for (const name of NAMES) {
    const value = query.get(name) ?? (query.has("colour") ? null : stored[name]);
    if (value) remembered[name] = value;
  }
  return { ...remembered };
}

export function writeSettings(settings) {
  remembered = Object.fromEntries(NAMES.filter((n) => settings[n]).map((n) => [n, settings[n]]));
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
