// The latent map: points, marks above them, controls and legend below. The protocol is in ../README.md.
import { toBitset } from "./codes.js";
import { CategoryColouring, VariableColouring, unpackPalettes } from "./colouring.js";
import { Controls, Tools } from "./controls.js";
import { el } from "./dom.js";
import { formatCount } from "./format.js";
import { categoryLegend, variableLegend } from "./legend.js";
import { drawMarks } from "./marks.js";
import { Points } from "./points.js";
import { readSettings, showInAddress, writeSettings } from "./settings.js";
import { STRETCHES } from "./stretch.js";
import { readTheme } from "./theme.js";
import { Tooltip, valueWords } from "./tooltip.js";

const PALETTES = ["cividis", "batlow"];
const NO_MARKS = { pick: null, neighbours: [], overlays: [] };
/** What must outlive the element, by map: cameras by projection, the selection, the serial number of reports. */
const memory = new Map();

export class LatentMap {
  constructor(parent) {
    this.pick = null;
    this.neighbours = [];
    this.selected = [];
    this.listeners = new AbortController();
    this.build(parent);
    this.listen();
  }

  build(parent) {
    this.canvas = el("canvas", {});
    this.layer = el("canvas", { class: "al-marks" });
    this.title = el("div", { class: "al-title" });
    this.tip = new Tooltip();
    this.selectionText = el("span", { "aria-live": "polite" });
    const clear = el("button", { type: "button", on: { click: () => this.choose([]) } }, "Clear");
    this.selectionBox = el("div", { class: "al-selection", hidden: true }, this.selectionText, clear);
    this.tools = new Tools({ onMode: (mode) => this.setMode(mode), onReset: () => this.reset(), onZoom: (factor) => this.points.zoom(factor) });
    this.controls = new Controls((change) => this.change(change));
    this.legend = el("div", { class: "al-legend" });
    const layers = [this.canvas, this.layer, this.title, this.selectionBox, this.tip.node, this.tools.node];
    this.stage = el("div", { class: "al-stage", tabindex: 0, role: "application" }, ...layers);
    this.root = el("div", { class: "al-map" }, this.stage, el("div", { class: "al-under" }, this.controls.node, this.legend));
    parent.append(this.root);
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
    this.points?.destroy();
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
    const before = this.meta;
    [this.meta, this.table] = [meta, table];
    this.names = table.getChild("name");
    this.palettes = unpackPalettes(meta.palettes);
    this.recall(before);
    this.settings = this.complete(readSettings());
    this.controls.offer(meta);
    this.title.textContent = `${meta.title} · n ${formatCount(meta.n)}`;
    this.stage.setAttribute("aria-label", `Latent map, ${meta.title}, ${formatCount(meta.n)} sources. Arrow keys move, plus and minus zoom, 0 resets, L switches the lasso, Escape clears the selection.`);
    this.points ??= this.createPoints();
    const moved = before?.geometry !== meta.geometry;
    if (moved) this.points.place(table.getChild("x").toArray(), table.getChild("y").toArray());
    const camera = this.store.cameras.get(meta.geometry) ?? null;
    this.recolour({ travel: moved && before?.dataset === meta.dataset, camera: moved ? camera : undefined });
    this.receive(window.alignlabMarks?.[meta.key]);
  }

  /** Takes up what is remembered of this map; other rows make selection, pick and cameras meaningless. */
  recall(before) {
    const { key, dataset } = this.meta;
    this.store = memory.get(key);
    if (this.store?.dataset !== dataset) {
      this.store = { dataset, cameras: new Map(), selected: [], serial: this.store?.serial ?? 0 };
      memory.set(key, this.store);
    }
    if (before?.dataset !== dataset) [this.selected, this.pick, this.neighbours] = [this.store.selected, null, []];
  }

  createPoints() {
    const room = () => this.stage.getBoundingClientRect();
    const points = new Points(this.canvas, room, {
      pointOver: (row) => this.showTip(row),
      pointOut: () => this.hideTip(),
      lassoStart: () => {
        this.lassoing = true;
        this.hideTip();
      },
      lassoEnd: () => {
        this.lassoing = false;
      },
      select: ({ points: rows }) => this.onSelect(rows),
      deselect: () => this.lassoing && this.choose([]),
      view: () => this.onView(),
      draw: () => this.drawLayer(),
    });
    this.observer = new ResizeObserver(() => {
      points.resize(this.selected, this.theme);
      this.drawLayer();
    });
    this.observer.observe(this.stage);
    return points;
  }

  field(name) {
    return [...this.meta.variables, ...this.meta.categories].find((f) => f.name === name);
  }

  /** Fills what the person left open with the defaults of the field that is shown. */
  complete({ colour, stretch, palette }) {
    const { defaults } = this.meta;
    const shown = this.field(colour) ? colour : defaults.colour;
    return {
      colour: shown,
      stretch: STRETCHES.includes(stretch) ? stretch : (this.field(shown).stretch ?? "linear"),
      palette: PALETTES.includes(palette) ? palette : defaults.palette,
    };
  }

  change(change) {
    const next = { ...this.settings, ...change };
    if (change.colour && this.settings.stretch !== "percentile") next.stretch = undefined;
    this.settings = this.complete(next);
    writeSettings(this.settings);
    this.recolour();
  }

  /** Redraws with the colours of the moment. */
  recolour({ travel, camera } = {}) {
    const { meta, settings } = this;
    const field = this.field(settings.colour);
    const isVariable = meta.variables.includes(field);
    const make = isVariable ? VariableColouring : CategoryColouring;
    const codes = this.table.getChild(field.name).toArray();
    const colouring = new make(field, codes, meta.n, settings, this.palettes, this.theme.dark);
    this.colouring = colouring;
    this.controls.show(settings, { isVariable, isDiverging: Boolean(field.diverging), isOrdinal: Boolean(field.ordinal) });
    const choose = (rows, add) => this.choose(add ? [...new Set([...this.selected, ...rows])] : rows);
    this.legend.replaceChildren(...(isVariable ? variableLegend(colouring, meta.n) : categoryLegend(colouring, meta.n, choose)));
    this.showCount();
    this.points
      .paint({ colouring, selected: this.drawOrder(), theme: this.theme, travel, camera })
      .then(() => {
        this.root.dataset.drawn = meta.version;
        this.root.dataset.colour = field.name;
        this.drawLayer();
      })
      .catch((problem) => this.complain(problem));
  }

  onSelect(rows) {
    const own = rows.filter((row) => row < this.meta.n);
    if (this.lassoing) {
      this.choose(own);
      return;
    }
    const clicked = this.shiftHeld ? rows.find((row) => !this.selected.includes(row)) : rows[0];
    if (this.shiftHeld && clicked < this.meta.n) {
      const start = this.selected.length === 0 && this.pick !== null && this.pick < this.meta.n ? [this.pick] : this.selected;
      this.choose([...new Set([...start, clicked])], clicked);
      return;
    }
    this.points.select(this.drawOrder(), this.theme);
    this.take(clicked);
  }

  /** Makes `rows` the selection, and `pick` the source in the card where one is given. */
  choose(rows, pick = this.pick) {
    [this.selected, this.store.selected] = [rows, rows];
    this.pick = pick;
    this.points.select(this.drawOrder(), this.theme);
    this.showCount();
    this.report();
  }

  take(row) {
    if (row === undefined || row === this.pick) return;
    [this.pick, this.neighbours] = [row, []];
    this.report();
    this.drawLayer();
  }

  /** The selected rows with the missing ones first, since the selection is drawn in the order given. */
  drawOrder() {
    const absent = (row) => this.colouring.isMissing(row);
    return [...this.selected.filter(absent), ...this.selected.filter((row) => !absent(row))];
  }

  report() {
    this.store.serial += 1;
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
    this.drawLayer();
  }

  showCount() {
    this.selectionBox.hidden = this.selected.length === 0;
    this.selectionText.textContent = `${formatCount(this.selected.length)} selected`;
  }

  showTip(row) {
    const place = this.points.screen(row);
    if (!place || this.lassoing || this.points.travelling) return;
    const overlay = this.meta.overlays.find((o) => row >= o.start && row < o.stop);
    const parts = [...(overlay ? [overlay.survey] : []), this.className(row), ...valueWords(this.colouring, row)];
    this.tip.show(this.names?.get(row) ?? `source ${row}`, parts, place, this.stage.clientWidth);
    this.canvas.style.cursor = "pointer";
  }

  hideTip() {
    this.tip.hide();
    this.canvas.style.cursor = "";
  }

  className(row) {
    return this.field("source_class").values[this.table.getChild("source_class").get(row)] ?? "not classified";
  }

  listen() {
    const options = { signal: this.listeners.signal };
    window.addEventListener("alignlab:marks", (event) => event.detail?.key === this.meta?.key && this.receive(event.detail), options);
    this.canvas.addEventListener("mousedown", (event) => (this.shiftHeld = event.shiftKey), { ...options, capture: true });
    this.canvas.addEventListener("mouseleave", () => this.hideTip(), options);
    this.stage.addEventListener("keydown", (event) => this.onKey(event), options);
  }

  onKey(event) {
    if (event.target !== this.stage || event.ctrlKey || event.metaKey || !this.points) return;
    const moves = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, 0.12], ArrowDown: [0, -0.12] };
    if (moves[event.key]) this.points.zoom(1, moves[event.key]);
    else if (event.key === "+" || event.key === "=") this.points.zoom(0.8);
    else if (event.key === "-") this.points.zoom(1.25);
    else if (event.key === "0") this.reset();
    else if (event.key === "l") this.setMode(this.points.mode === "lasso" ? "panZoom" : "lasso");
    else if (event.key === "Escape" && this.selected.length > 0) this.choose([]);
    else return;
    event.preventDefault();
  }

  setMode(mode) {
    this.points.mode = mode;
    this.stage.classList.toggle("al-lassoing", mode === "lasso");
    this.tools.show(mode);
  }

  reset() {
    this.store.cameras.delete(this.meta.geometry);
    this.points.fit(true);
  }

  onView() {
    if (!this.points.travelling && this.points.shown) this.store.cameras.set(this.meta.geometry, this.points.camera);
    this.hideTip();
    this.drawLayer();
  }

  /** Draws the marks at most once per frame. */
  drawLayer() {
    if (!this.points?.isDrawn || this.framePending) return;
    this.framePending = true;
    requestAnimationFrame(() => {
      this.framePending = false;
      if (this.points.isGone) return;
      const { width, height } = this.stage.getBoundingClientRect();
      const ratio = window.devicePixelRatio || 1;
      const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (this.layer.width !== w || this.layer.height !== h) [this.layer.width, this.layer.height] = [w, h];
      const context = this.layer.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      const marks = { pick: this.pick, neighbours: this.neighbours, overlays: this.meta.overlays };
      const words = { nameOf: (row) => this.names?.get(row) ?? "", fillOf: (row) => this.fillOf(row) };
      const place = (row) => this.points.screen(row);
      drawMarks(context, { width, height }, place, this.points.travelling ? NO_MARKS : marks, this.theme, words);
    });
  }

  fillOf(row) {
    const { codes, colours, table } = this.colouring;
    return this.colouring.isMissing(row) ? this.theme.background : colours[table ? table[codes[row]] : codes[row]];
  }

  complain(problem) {
    console.error(problem);
    const words = `The map could not be drawn (${problem.message}). Reload the page; if that does not help, this browser may lack WebGL.`;
    this.stage.append(el("div", { class: "al-problem", role: "alert" }, words));
  }
}
