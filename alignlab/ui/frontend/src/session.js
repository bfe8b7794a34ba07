// What must outlive the element: a map's element goes when the page is left and is made anew when it is returned to.
import { Selection } from "./selection.js";

const sessions = new Map();

/** What a person does with one dataset: selected, picked, pointed at, filtered, and where the cameras stand. */
class Session {
  constructor(n, dataset, before) {
    this.dataset = dataset;
    this.rows = null;
    this.selection = new Selection(n);
    this.pick = null;
    this.neighbours = [];
    this.hover = null;
    this.labelled = null;
    this.labelledCode = "";
    this.layout = before?.layout ?? "one";
    this.present = before?.present ?? false;
    /** Camera by geometry: {x, y, distance} in the map's own units. */
    this.cameras = new Map();
    /** Grows with every report and every command, whatever the dataset, so that none is taken twice. */
    this.serial = before?.serial ?? 0;
    this.commandSerial = before?.commandSerial ?? 0;
    /** Whether the address has been applied: its lasso and camera hold for the first map that is shown. */
    this.restored = before !== undefined;
  }

  /** Takes note of which rows there are; those of overlays mean nothing when the overlays have changed. */
  meet(meta) {
    if (this.rows !== null && this.rows !== meta.rows) {
      if (this.pick >= meta.n) this.pick = null;
      this.neighbours = [];
      this.hover = null;
    }
    this.rows = meta.rows;
  }
}

/** The session of a map (`meta.key`); other rows begin a new one. */
export function sessionOf(meta) {
  const before = sessions.get(meta.key);
  if (before?.dataset !== meta.dataset) sessions.set(meta.key, new Session(meta.n, meta.dataset, before));
  const session = sessions.get(meta.key);
  session.meet(meta);
  return session;
}
