// The latent map: points on the graphics card, marks above them, controls and legend below. See ../README.md.
import createScatterplot from "regl-scatterplot";
import { toBitset } from "./codes.js";
import { BANK, CategoryColouring, VariableColouring, unpackPalettes } from "./colouring.js";
import { Controls, Tools } from "./controls.js";
import { el } from "./dom.js";
import { formatCount, formatValue } from "./format.js";
import { categoryLegend, variableLegend } from "./legend.js";
import { drawMarks } from "./marks.js";
import { readSettings, showInAddress, writeSettings } from "./settings.js";
import { readTheme, toRgb } from "./theme.js";

const OUTLINED_UP_TO = 400;
/** What must outlive the element itself, by map: camera per projection and the selection. */
const memory = new Map();

export class LatentMap {
  constructor(parent) {
    this.canvas = el("canvas", {});
    this.layer = el("canvas", { class: "al-marks" });
    this.title = el("div", { class: "al-title" });
    this.tip = el("div", { class: "al-tip", role: "status", hidden: true });
    this.selectionText = el("span", { "aria-live": "polite" });
    const clear = el("button", { type: "button", on: { click: () => this.choose([]) } }, "Clear");
    this.selectionBox = el("div", { class: "al-selection", hidden: true }, this.selectionText, clear);
    this.tools = new Tools({ onMode: (mode) => this.setMode(mode), onReset: () => this.fit(true), onZoom: (factor) => this.zoom(factor) });
    this.controls = new Controls((change) => this.change(change));
    this.legend = el("div", { class: "al-legend" });
    this.stage = el("div", { class: "al-stage", tabindex: 0, role: "application" }, this.canvas, this.layer, this.title, this.selectionBox, this.tip, this.tools.node);
    this.root = el("div", { class: "al-map" }, this.stage, el("div", { class: "al-under" }, this.controls.node, this.legend));
    parent.append(this.root);
    this.pick = null;
    this.neighbours = [];
    this.selected = [];
    this.bank = 0;
    this.queue = Promise.resolve();
    this.listeners = new AbortController();
    this.listen();
  }

  /** Called at every run of the page; only a new table or a new theme makes anything happen. */
  update({ table, meta }, api) {
    this.api = api;
    const themeChanged = this.readTheme();
    if (!table || !meta) return;
    if (meta.version !== this.meta?.version) this.load(table, meta);
    else if (themeChanged) this.recolour();
    showInAddress();
  }

  destroy() {
    this.listeners.abort();
    this.observer?.disconnect();
    this.plot?.destroy();
    this.root.remove();
  }

  readTheme() {
    const theme = readTheme(this.root);
    const changed = this.theme && JSON.stringify(theme) !== JSON.stringify(this.theme);
    this.theme = theme;
    this.root.style.setProperty("--al-ground", theme.background);
    this.root.style.setProperty("--al-veil", `color-mix(in srgb, ${theme.background} 75%, transparent)`);
    return changed;
  }

  load(table, meta) {
    const column = (name) => table.getChild(name)?.toArray();
    const before = this.meta;
    this.meta = meta;
    this.table = table;
    this.x = column("x");
    this.y = column("y");
    this.rows = this.x.length;
    this.names = table.getChild("name");
    this.palettes = unpackPalettes(meta.palettes);
    this.store = memory.get(meta.key) ?? { cameras: new Map() };
    memory.set(meta.key, this.store);
    if (this.store.dataset !== meta.dataset) this.store = Object.assign(this.store, { dataset: meta.dataset, selected: [], cameras: new Map() });
    if (before?.dataset !== meta.dataset) [this.selected, this.pick, this.neighbours] = [this.store.selected ?? [], null, []];
    this.settings = this.complete(readSettings());
    this.controls.offer(meta);
    this.receive(window.alignlabMarks?.[meta.key]);
    this.title.textContent = `${meta.title} · n ${formatCount(meta.n)}`;
    this.stage.setAttribute("aria-label", `Latent map, ${meta.title}, ${formatCount(meta.n)} sources. Arrow keys move, plus and minus zoom, 0 resets, L switches the lasso.`);
    this.normalise();
    if (!this.plot) this.createPlot();
    const moves = before?.dataset === meta.dataset && before.geometry !== meta.geometry;
    this.recolour({ transition: moves, place: before?.geometry !== meta.geometry });
  }

  /** Fills what the person left open with the defaults of the field that is shown. */
  complete(settings) {
    const known = (name) => [...this.meta.variables, ...this.meta.categories].find((f) => f.name === name);
    const colour = known(settings.colour) ? settings.colour : this.meta.defaults.colour;
    const stretches = ["linear", "log", "percentile"];
    const stretch = stretches.includes(settings.stretch) ? settings.stretch : (known(colour).stretch ?? "linear");
    const palette = ["cividis", "batlow"].includes(settings.palette) ? settings.palette : this.meta.defaults.palette;
    return { colour, stretch, palette };
  }

  change(change) {
    const next = { ...this.settings, ...change };
    if (change.colour && this.settings.stretch !== "percentile") next.stretch = undefined;
    this.settings = this.complete(next);
    writeSettings(this.settings);
    this.recolour();
  }

  /** Fits both axes by one factor into the square that the camera sees. */
  normalise() {
    const [left, right] = extent(this.x);
    const [bottom, top] = extent(this.y);
    const half = Math.max(right - left, top - bottom) / 2 || 1;
    const [cx, cy] = [(left + right) / 2, (bottom + top) / 2];
    this.px = this.x.map((v) => (v - cx) / half);
    this.py = this.y.map((v) => (v - cy) / half);
    const [w, h] = [(right - left) / half, (top - bottom) / half];
    this.box = { x: -w / 2 - 0.04, y: -h / 2 - 0.04, width: w + 0.08, height: h + 0.08 };
  }

  createPlot() {
    const { width, height } = this.stage.getBoundingClientRect();
    this.plot = createScatterplot({
      canvas: this.canvas,
      width: Math.max(1, width),
      height: Math.max(1, height),
      syncEvents: true,
      colorBy: "valueA",
      deselectOnDblClick: false,
      deselectOnEscape: false,
      actionKeyMap: { merge: "shift", lasso: "shift", remove: "alt" },
      lassoMinDelay: 8,
      lassoLineWidth: 2,
    });
    this.plot.subscribe("pointOver", (row) => this.showTip(row));
    this.plot.subscribe("pointOut", () => this.hideTip());
    this.plot.subscribe("lassoStart", () => {
      this.lassoing = true;
      this.hideTip();
    });
    this.plot.subscribe("lassoEnd", () => {
      this.lassoing = false;
    });
    this.plot.subscribe("select", ({ points }) => this.onSelect(points));
    this.plot.subscribe("deselect", () => this.lassoing && this.choose([]));
    this.plot.subscribe("view", () => this.onView());
    this.plot.subscribe("draw", () => this.drawLayer());
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.stage);
  }

  /** Redraws with the colours of the moment; `transition` lets the points travel to a new projection. */
  recolour({ transition = false, place = false } = {}) {
    const { colour } = this.settings;
    const variable = this.meta.variables.find((v) => v.name === colour);
    const make = variable ? VariableColouring : CategoryColouring;
    const field = variable ?? this.meta.categories.find((c) => c.name === colour);
    const codes = this.table.getChild(colour).toArray();
    this.colouring = new make(field, codes, this.meta.n, this.settings, this.palettes, this.theme.dark);
    this.controls.show(this.settings, { isVariable: Boolean(variable), isDiverging: Boolean(variable?.diverging), isOrdinal: Boolean(field.ordinal) });
    this.legend.replaceChildren(...(variable ? variableLegend(this.colouring, this.meta.n) : categoryLegend(this.colouring, this.meta.n, (rows, add) => this.choose(add ? [...new Set([...this.selected, ...rows])] : rows))));
    this.queue = this.queue.then(() => this.paint(this.colouring, transition, place)).catch((problem) => this.complain(problem));
  }

  async paint(colouring, transition, place) {
    if (colouring !== this.colouring && !place) return;
    const before = this.shown ?? colouring;
    this.bank = 1 - this.bank;
    const banks = this.bank === 1 ? [before.colours, colouring.colours] : [colouring.colours, before.colours];
    const colours = banks.flat().map((c) => [...toRgb(c), 1]);
    this.plot.set({ pointColor: colours, pointColorActive: colours, ...this.look() });
    const z = new Float32Array(this.rows);
    colouring.levels(z, this.bank * BANK);
    const order = colouring.order();
    const options = { zDataType: "categorical", select: this.drawOrder() };
    if (!place && this.spatialIndex) options.spatialIndex = this.spatialIndex;
    const moving = transition && !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (moving) Object.assign(options, { transition: true, transitionDuration: 900 });
    this.moving = moving;
    const drawn = this.plot.draw({ x: this.px, y: this.py, z }, options);
    if (place && !moving) this.restoreView();
    await drawn;
    this.moving = false;
    this.shown = colouring;
    this.plot.set({ pointOrder: order });
    this.spatialIndex = this.plot.get("spatialIndex");
    this.root.dataset.drawn = this.meta.version;
    this.root.dataset.colour = this.settings.colour;
    if (place && moving) this.fit(true);
    this.drawLayer();
  }

  /** Point size and the look of the selection, from the number of points, the room and the theme. */
  look() {
    const { width, height } = this.stage.getBoundingClientRect();
    const spacing = Math.sqrt((width * height) / Math.max(1, this.rows));
    const many = this.selected.length > OUTLINED_UP_TO;
    return {
      pointSize: Math.min(9, Math.max(1.5, 0.62 * spacing)),
      opacity: this.rows > 50000 ? 0.6 : 0.85,
      opacityInactiveScale: this.selected.length > 0 ? 0.16 : 1,
      pointSizeSelected: many ? 0.5 : 1.5,
      pointOutlineWidth: many ? 0.5 : 1,
      pointColorHover: [...toRgb(this.theme.text), 1],
      backgroundColor: [...toRgb(this.theme.background), 1],
      lassoColor: [...toRgb(this.theme.accent), 1],
    };
  }

  onSelect(points) {
    const rows = points.filter((row) => row < this.meta.n);
    if (this.lassoing) {
      this.choose(rows);
      return;
    }
    const added = points.find((row) => !this.selected.includes(row));
    const clicked = this.shiftHeld ? added : points[0];
    if (this.shiftHeld && clicked < this.meta.n) {
      const start = this.selected.length === 0 && this.pick !== null && this.pick < this.meta.n ? [this.pick] : this.selected;
      this.choose([...new Set([...start, clicked])], clicked);
      return;
    }
    this.restoreSelection();
    this.take(clicked);
  }

  /** Makes `rows` the selection, and `pick` the source in the card where one is given. */
  choose(rows, pick = this.pick) {
    this.selected = rows;
    this.pick = pick;
    this.restoreSelection();
    this.report();
  }

  take(row) {
    if (row === undefined || row === this.pick) return;
    this.pick = row;
    this.neighbours = [];
    this.report();
    this.drawLayer();
  }

  restoreSelection() {
    this.store.selected = this.selected;
    this.plot.select(this.drawOrder(), { preventEvent: true });
    this.plot.set(this.look());
    this.showCount();
  }

  /** The selected rows with the missing ones first, since the selection is drawn in the order given. */
  drawOrder() {
    const absent = (row) => this.colouring.isMissing(row);
    return [...this.selected.filter(absent), ...this.selected.filter((row) => !absent(row))];
  }

  report() {
    this.store.serial = (this.store.serial ?? 0) + 1;
    this.api.setStateValue("view", {
      dataset: this.meta.dataset,
      pick: this.pick,
      count: this.selected.length,
      selection: this.selected.length > 0 ? toBitset(this.selected, this.meta.n) : "",
      serial: this.store.serial,
    });
  }

  /** Takes the pick and its neighbours from the page, for instance when a neighbour's name was pressed. */
  receive(marks) {
    if (!marks || marks.dataset !== this.meta?.dataset) return;
    this.pick = marks.pick ?? null;
    this.neighbours = marks.neighbours ?? [];
    if (this.plot) this.drawLayer();
    this.showCount();
  }

  showCount() {
    const n = this.selected.length;
    this.selectionBox.hidden = n === 0;
    this.selectionText.textContent = `${formatCount(n)} selected`;
  }

  showTip(row) {
    const place = this.plot.getScreenPosition(row);
    if (!place || this.lassoing) return;
    const name = this.names?.get(row) ?? `source ${row}`;
    const overlay = this.meta.overlays.find((o) => row >= o.start && row < o.stop);
    const parts = [overlay ? overlay.survey : this.className(row), ...this.valueWords(row)];
    this.tip.replaceChildren(el("b", {}, name), ...parts.flatMap((part) => [" · ", part]));
    this.tip.hidden = false;
    const half = this.tip.offsetWidth / 2 + 4;
    const { width } = this.stage.getBoundingClientRect();
    this.tip.style.left = `${Math.min(Math.max(place[0], half), width - half)}px`;
    this.tip.style.top = `${place[1]}px`;
    this.tip.classList.toggle("al-below", place[1] < 48);
    this.canvas.style.cursor = "pointer";
  }

  hideTip() {
    this.tip.hidden = true;
    this.canvas.style.cursor = "";
  }

  className(row) {
    const classes = this.meta.categories.find((c) => c.name === "source_class");
    return classes.values[this.table.getChild("source_class").get(row)] ?? "not classified";
  }

  valueWords(row) {
    const { variable, category } = this.colouring;
    if (variable) {
      const value = this.colouring.valueOf(row);
      const unit = variable.unit && Number.isFinite(value) ? ` ${variable.unit}` : "";
      return [`${variable.label} ${formatValue(value)}${unit}`];
    }
    return category.name === "source_class" ? [] : [`${category.label} ${this.colouring.nameOf(row)}`];
  }

  listen() {
    const options = { signal: this.listeners.signal };
    window.addEventListener("alignlab:marks", (event) => event.detail?.key === this.meta?.key && this.receive(event.detail), options);
    this.canvas.addEventListener("mousedown", (event) => (this.shiftHeld = event.shiftKey), { ...options, capture: true });
    this.canvas.addEventListener("mouseleave", () => this.hideTip(), options);
    this.stage.addEventListener("keydown", (event) => this.onKey(event), options);
  }

  onKey(event) {
    if (event.target !== this.stage || event.ctrlKey || event.metaKey || !this.plot) return;
    const step = 0.12 * this.plot.get("cameraDistance");
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (moves[event.key]) this.zoom(1, moves[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoom(0.8);
    else if (event.key === "-") this.zoom(1.25);
    else if (event.key === "0") this.fit(true);
    else if (event.key === "l") this.setMode(this.plot.get("mouseMode") === "lasso" ? "panZoom" : "lasso");
    else if (event.key === "Escape") this.choose([]);
    else return;
    event.preventDefault();
  }

  setMode(mode) {
    this.plot.set({ mouseMode: mode });
    this.stage.classList.toggle("al-lassoing", mode === "lasso");
    this.tools.show(mode);
  }

  zoom(factor, [dx, dy] = [0, 0]) {
    const [x, y] = this.plot.get("cameraTarget");
    this.plot.zoomToLocation([x + dx, y + dy], this.plot.get("cameraDistance") * factor, { transition: true, transitionDuration: 150 });
  }

  fit(transition) {
    this.store.cameras.delete(this.meta.geometry);
    this.plot.zoomToArea(this.box, { transition, transitionDuration: 350 });
  }

  restoreView() {
    const kept = this.store.cameras.get(this.meta.geometry);
    if (kept) this.plot.set({ cameraView: Float32Array.from(kept) });
    else this.plot.zoomToArea(this.box);
  }

  onView() {
    if (!this.moving && this.shown) this.store.cameras.set(this.meta.geometry, Array.from(this.plot.get("cameraView")));
    this.hideTip();
    this.drawLayer();
  }

  resize() {
    const { width, height } = this.stage.getBoundingClientRect();
    if (width < 2 || height < 2) return;
    this.plot.set({ width, height, ...this.look() });
    this.drawLayer();
  }

  drawLayer() {
    if (!this.plot?.get("isPointsDrawn") || this.framePending) return;
    this.framePending = true;
    requestAnimationFrame(() => {
      this.framePending = false;
      if (this.plot.get("isDestroyed")) return;
      const { width, height } = this.stage.getBoundingClientRect();
      const ratio = window.devicePixelRatio || 1;
      if (this.layer.width !== Math.round(width * ratio) || this.layer.height !== Math.round(height * ratio)) {
        [this.layer.width, this.layer.height] = [Math.round(width * ratio), Math.round(height * ratio)];
      }
      const context = this.layer.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      const marks = this.moving ? { pick: null, neighbours: [], overlays: [] } : { pick: this.pick, neighbours: this.neighbours, overlays: this.meta.overlays };
      const nameOf = (row) => this.names?.get(row) ?? "";
      drawMarks(context, { width, height }, (row) => this.plot.getScreenPosition(row), marks, this.theme, nameOf, (row) => this.fillOf(row));
    });
  }

  fillOf(row) {
    const { codes, colours, table } = this.colouring;
    return this.colouring.isMissing(row) ? this.theme.background : colours[table ? table[codes[row]] : codes[row]];
  }

  complain(problem) {
    console.error(problem);
    this.stage.append(el("div", { class: "al-problem" }, `The map could not be drawn (${problem.message}). Reload the page; if it stays, this browser may lack WebGL.`));
  }
}

function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return [low, high];
}
