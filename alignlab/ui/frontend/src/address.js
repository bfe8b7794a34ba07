// What a person chose about the picture. It lives in the page's address so that a link carries it, and in the tab's
// memory so that it survives a change of page, which clears the address. The server is never asked.

export const NAMES = ["colour", "stretch", "palette", "order", "filter", "lasso", "camera", "duplicates"];

/** The part of the address that one component of a page keeps: its names there, and its place in the tab's memory. */
export class Address {
  constructor(names, store) {
    [this.names, this.store] = [names, store];
    this.remembered = null;
  }

  /** What is chosen, by name; a name that is absent was left open. An address that names anything counts alone. */
  read() {
    if (this.remembered) return { ...this.remembered };
    const query = new URLSearchParams(window.location.search);
    const named = this.names.some((name) => query.has(name));
    this.remembered = this.kept(named ? Object.fromEntries(query) : this.readStore());
    return { ...this.remembered };
  }

  /** Notes what has changed; an empty value takes its name out of the address. */
  write(change) {
    this.remembered = this.kept({ ...this.read(), ...change });
    try {
      window.sessionStorage.setItem(this.store, JSON.stringify(this.remembered));
    } catch {
      // A browser that forbids storage keeps the choice for this page only.
    }
    this.show();
  }

  /** Puts the choice back into the address after the server has rewritten it. */
  show() {
    if (!this.remembered) return;
    const url = new URL(window.location.href);
    for (const name of this.names) {
      if (this.remembered[name]) url.searchParams.set(name, this.remembered[name]);
      else url.searchParams.delete(name);
    }
    const search = url.searchParams.toString();
    if (search !== window.location.search.replace(/^\?/, "")) {
      window.history.replaceState(window.history.state, "", `${url.pathname}${search ? `?${search}` : ""}${url.hash}`);
    }
  }

  kept(source) {
    return Object.fromEntries(this.names.filter((name) => source[name]).map((name) => [name, source[name]]));
  }

  readStore() {
    try {
      return JSON.parse(window.sessionStorage.getItem(this.store) ?? "{}");
    } catch {
      return {};
    }
  }
}

const map = new Address(NAMES, "alignlab.map");

export const readAddress = () => map.read();
export const writeAddress = (change) => map.write(change);
export const showInAddress = () => map.show();
