// The way in and out of the address, and the page's commands: filters, a lasso and cameras may have to wait for their map.
import { readAddress, writeAddress } from "./address.js";
import { decodeCamera, encodeCamera } from "./camera.js";
import { formatFilters, parseFilters } from "./filters.js";
import { decodeLasso, encodeLasso, isLassoOf, lassoBox, rowsInside } from "./lasso_code.js";
import { SHOWN } from "./order.js";

const PAUSE_MS = 400;
const SETTINGS = ["colour", "stretch", "palette", "order", "duplicates"];

export class Link {
  /** @param {import("./map.js").LatentMap} map */
  constructor(map) {
    this.map = map;
    this.lasso = "";
    this.cameras = [];
    this.notes = [];
  }

  /** Reads the address for a session that begins. */
  restore() {
    const { session, meta } = this.map;
    const { filter, lasso = "", camera = "" } = readAddress();
    this.takeFilter(filter);
    if (session.restored) writeAddress({ lasso: "", camera: "" });
    else [this.lasso, this.cameras] = [lasso, camera.split(";")];
    session.restored = true;
    session.restoredFor = meta.dataset;
  }

  takeFilter(text) {
    const { filters, problems } = parseFilters(text, this.map.meta);
    this.map.session.filters = filters;
    this.notes = problems.map((problem) => `The filter “${problem}” does not apply to these sources.`);
  }

  /** Where a map is to look when it comes: where it looked last, else where the link says; null for everything. */
  cameraFor(view, k) {
    const { cameras } = this.map.session;
    const waiting = this.cameras[k];
    if (waiting) {
      this.cameras[k] = "";
      const camera = decodeCamera(waiting, view.points.box, view.points.aspect);
      if (camera) cameras.set(view.geometry, camera);
    }
    return cameras.get(view.geometry) ?? null;
  }

  /** Draws the waiting lasso if its map is here; says whether the selection is now another one. */
  applyLasso() {
    if (!this.lasso) return false;
    const view = this.map.placed.find((v) => isLassoOf(this.lasso, v.geometry));
    if (!view) return false;
    const code = this.lasso;
    this.lasso = "";
    const mask = this.maskOf(code, view);
    if (!mask) {
      this.notes.push("The link's lasso cannot be read.");
      return false;
    }
    this.map.session.selection.put(mask, this.circumstances(code));
    return true;
  }

  /** What a lasso gives: mask and circumstances, from its code alone, so that the link gives the same. */
  draw(outline, view) {
    const { dataX, dataY } = view.points;
    const box = lassoBox(dataX, dataY, this.map.meta.n);
    const code = encodeLasso(outline, box, view.geometry);
    const mask = code ? this.maskOf(code, view) : new Uint8Array(this.map.meta.n);
    return { mask, lasso: code ? this.circumstances(code) : null };
  }

  maskOf(code, view) {
    const { dataX, dataY } = view.points;
    const n = this.map.meta.n;
    const outline = decodeLasso(code, lassoBox(dataX, dataY, n));
    return outline && rowsInside(outline, dataX, dataY, n, this.map.scene.standing, SHOWN);
  }

  circumstances(code) {
    return { code, filter: formatFilters(this.map.session.filters), duplicates: this.map.settings.duplicates };
  }

  /** The code of the lasso that gives exactly the present selection on a map that is shown, else "". */
  get lassoCode() {
    const { session, settings, placed } = this.map;
    const { lasso } = session.selection;
    if (!lasso || lasso.filter !== formatFilters(session.filters) || lasso.duplicates !== settings.duplicates) return "";
    return placed.some((view) => isLassoOf(lasso.code, view.geometry)) ? lasso.code : "";
  }

  publish() {
    const { session, settings, views, placed } = this.map;
    const cameras = views.map((view, k) => {
      if (this.cameras[k] || !placed.includes(view)) return this.cameras[k] ?? "";
      return encodeCamera(session.cameras.get(view.geometry), view.points.box, view.points.aspect, view.points.home);
    });
    const chosen = Object.fromEntries(SETTINGS.filter((name) => name in readAddress()).map((name) => [name, settings[name]]));
    const camera = cameras.join(";").replace(/;+$/, "");
    writeAddress({ ...chosen, filter: formatFilters(session.filters), lasso: this.lasso || this.lassoCode, camera });
  }

  /** Publishes when the cameras have come to rest. */
  publishSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.publish(), PAUSE_MS);
  }

  /** Does what the page asks for, once; what is not named stays as it is. Says what has changed. */
  obey(command) {
    const { map } = this;
    if (!command || command.serial <= map.session.commandSerial) return null;
    map.session.commandSerial = command.serial;
    const change = Object.fromEntries(SETTINGS.filter((name) => name in command).map((name) => [name, command[name] ?? undefined]));
    if ("filter" in command) this.takeFilter(command.filter);
    if ("selection" in command) {
      this.lasso = "";
      map.session.selection.code = command.selection ?? "";
    }
    if ("lasso" in command) {
      this.lasso = command.lasso ?? "";
      if (!this.lasso && !command.selection) map.session.selection.clear();
    }
    if ("camera" in command) {
      this.cameras = (command.camera ?? "").split(";");
      map.session.cameras.clear();
    }
    return { change, moves: "camera" in command };
  }

  close() {
    clearTimeout(this.timer);
  }
}
