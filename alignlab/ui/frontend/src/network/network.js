// The drawing of a network: stage, controls, legend, and what a person picks and selects. Protocol: ../../README.md.
import { Address } from "../address.js";
import { unpackBits } from "../bits.js";
import { CategoryColouring, VariableColouring, unpackPalettes } from "../colouring.js";
import { el } from "../dom.js";
import { formatCount } from "../format.js";
import { categoryLegend, variableLegend } from "../legend.js";
import { rowsInside } from "../lasso_code.js";
import { drawingOrder, looksOf } from "../order.js";
import { Selection } from "../selection.js";
import { readTheme } from "../theme.js";
import { valueWords } from "../tooltip.js";
import { Controls } from "./controls.js";
import { Graph } from "./graph.js";
import { Stage } from "./stage.js";
import { Tools, keyAction } from "./tools.js";

const SETTINGS = new Address(["paint", "edges"], "alignlab.network");
const EDGES = ["all", "selected", "none"];
const STRETCH = { palette: "cividis" };
/** What outlives the element, by graph: selection, pick and camera. */
const sessions = new Map();
let serial = 0;

export class Network {
  constructor(parent) {
    this.listeners = new AbortController();
    this.stage = new Stage(this);
    this.hover = null;
    this.build(parent);
    const mine = (event) => event.detail?.key === this.meta?.key && this.receive(event.detail);
    window.addEventListener("alignlab:network", mine, { signal: this.listeners.signal });
  }

  build(parent) {
    this.selectionText = el("span", { "aria-live": "polite" });
    const clear = el("button", { type: "button", on: { click: () => this.clear() } }, "Clear");
    this.selectionBox = el("div", { class: "al-selection", hidden: true }, this.selectionText, clear);
    this.tools = new Tools({ onMode: (mode) => this.setMode(mode), onReset: () => this.stage.look(this.stage.home), onZoom: (factor) => this.stage.zoom(factor) });
    this.controls = new Controls({ onPaint: (paint) => this.change({ paint }), onEdges: (edges) => this.change({ edges }) });
    this.legend = el("div", { class: "al-legend" });
    const stages = el("div", { class: "al-stages" }, this.stage.node, this.selectionBox, this.tools.node, this.tools.hint);
    this.root = el("div", { class: "al-map" }, stages, el("div", { class: "al-under" }, this.controls.node, this.legend));
    parent.append(this.root);
  }

  /** Called at every run of the page; only another graph or theme makes anything happen. */
  update({ nodes, edges, meta }, api) {
    this.api = api;
    const themeChanged = this.readTheme();
    if (!nodes || !edges || !meta) return;
    if (meta.version !== this.meta?.version) this.load(nodes, edges, meta);
    else if (themeChanged) this.recolour();
    SETTINGS.show();
  }

  readTheme() {
    const theme = readTheme(this.root);
    const changed = this.theme && JSON.stringify(theme) !== JSON.stringify(this.theme);
    this.theme = theme;
    this.root.style.setProperty("--al-ground", theme.background);
    this.root.style.setProperty("--al-veil", `color-mix(in srgb, ${theme.background} 75%, transparent)`);
    return changed;
  }

  load(nodes, edges, meta) {
    [this.meta, this.graph] = [meta, new Graph(nodes, edges, meta)];
    this.palettes = unpackPalettes(meta.palettes);
    this.hover = null;
    if (!sessions.has(meta.graph)) sessions.set(meta.graph, { selection: new Selection(this.graph.n), pick: null, camera: null, obeyed: 0 });
    this.session = sessions.get(meta.graph);
    const { paint, edges: shown } = SETTINGS.read();
    this.settings = { paint: this.field(paint) ? paint : meta.defaults.paint, edges: EDGES.includes(shown) ? shown : "all" };
    this.controls.offer(meta);
    this.stage.title.textContent = meta.title;
    const keys = "Arrow keys move, plus and minus zoom, 0 resets, L draws a lasso, B a box, V moves, Enter picks the source in the middle, Escape clears the selection, question mark lists the keys.";
    this.stage.node.setAttribute("aria-label", `Network, ${meta.title}. ${keys}`);
    this.stage.place(this.graph, this.session.camera);
    const marks = window.alignlabNetwork?.[meta.key];
    if (marks) this.note(marks);
    this.recolour();
  }

  field(name) {
    return [...this.meta.variables, ...this.meta.categories].find((field) => field.name === name);
  }

  change(change) {
    this.settings = { ...this.settings, ...change };
    const { paint, edges } = this.settings;
    SETTINGS.write({ paint: paint === this.meta.defaults.paint ? "" : paint, edges: edges === "all" ? "" : edges });
    this.recolour();
  }

  /** The chosen colours, then everything that follows from them. */
  recolour() {
    const { meta, graph, settings, theme } = this;
    const field = this.field(settings.paint);
    const codes = graph.column(field.name);
    const isVariable = meta.variables.includes(field);
    const shade = theme.dark ? "dark" : "light";
    const own = { ...this.palettes, [`classes_${shade}`]: this.palettes[`${field.name}_${shade}`] };
    this.colouring = isVariable
      ? new VariableColouring(field, codes, graph.n, { ...STRETCH, stretch: field.stretch }, this.palettes, theme.dark)
      : new CategoryColouring(field, codes, graph.n, STRETCH, own, theme.dark);
    this.levels = this.colouring.levels;
    const choose = (mask, add) => this.choose(mask, add ? "add" : "replace");
    this.legend.replaceChildren(...(isVariable ? variableLegend(this.colouring, graph.n) : categoryLegend(this.colouring, graph.n, choose)));
    this.controls.show(settings);
    this.restyle();
  }

  /** Who is selected, on every layer. */
  restyle() {
    const { selection } = this.session;
    const { graph, levels, settings, theme } = this;
    const isAny = selection.count > 0;
    const standing = this.stage.everybody.map(() => 2);
    serial += 1;
    this.stage.paint({
      graph,
      theme,
      serial,
      levels,
      colours: this.colouring.colours,
      order: drawingOrder(levels, standing, selection.mask, "value"),
      looks: looksOf(standing, selection.mask, isAny).looks,
      chosen: isAny ? selection.mask : null,
      only: settings.edges === "selected",
      hidden: settings.edges === "none",
    });
    this.selectionBox.hidden = !isAny;
    this.selectionText.textContent = `${formatCount(selection.count)} selected`;
    this.root.dataset.selected = selection.count;
    this.root.dataset.paint = settings.paint;
    delete this.root.dataset.drawn;
  }

  /** The edges' picture is done. */
  pictured() {
    this.root.dataset.drawn = this.meta.version;
  }

  choose(mask, how) {
    this.session.selection.combine(mask, how);
    this.restyle();
    this.report();
  }

  clear() {
    if (this.session.selection.count > 0) this.choose(new Uint8Array(this.graph.n), "replace");
  }

  take(row) {
    this.session.pick = row;
    this.stage.drawMarks();
    this.report();
  }

  report() {
    const { selection, pick } = this.session;
    serial += 1;
    this.api.setStateValue("view", { graph: this.meta.graph, pick, count: selection.count, selection: selection.code, serial });
  }

  /** Takes what the page says: the picked source, to which it goes where it was picked elsewhere, and once each a selection. */
  receive(marks) {
    if (marks.graph !== this.meta.graph) return;
    const { flies, selects } = this.note(marks);
    if (selects) this.restyle();
    else this.stage.drawMarks();
    if (!flies) return;
    const { camera, home } = this.stage;
    const [x, y] = [this.graph.x[marks.pick], this.graph.y[marks.pick]];
    this.stage.look({ x, y, distance: Math.min(camera.distance, home.distance / 3) });
  }

  /** Takes over pick and selection; says whether the camera is to go there and whether the selection is another. */
  note({ graph, pick, command }) {
    if (graph !== this.meta.graph) return { flies: false, selects: false };
    const flies = pick !== null && pick !== this.session.pick;
    this.session.pick = pick;
    const selects = Boolean(command) && command.serial > this.session.obeyed;
    if (selects) {
      this.session.obeyed = command.serial;
      this.session.selection.put(command.selection ? unpackBits(command.selection, this.graph.n) : new Uint8Array(this.graph.n));
    }
    return { flies, selects };
  }

  over(row) {
    if (this.hover === row) return false;
    this.hover = row;
    return true;
  }

  clicked(row, shift) {
    if (!shift) {
      this.take(row);
      return;
    }
    this.session.selection.toggle(row);
    this.restyle();
    this.report();
  }

  lassoed(corners, how) {
    const { graph, stage } = this;
    this.choose(rowsInside(corners, graph.x, graph.y, graph.n, stage.everybody, 1), how);
  }

  moved() {
    this.session.camera = this.stage.isWhole ? null : this.stage.camera;
  }

  typed(event) {
    const action = keyAction(event);
    if (!action || !this.graph) return;
    action(this);
    event.preventDefault();
  }

  marks() {
    return { hover: this.hover, pick: this.session.pick };
  }

  tipOf(row) {
    const { graph, colouring, settings } = this;
    const degree = graph.column("edge_count")[row];
    const parts = [this.className(row), `${formatCount(degree)} ${degree === 1 ? "edge" : "edges"}`];
    const further = settings.paint === "degree" ? [] : settings.paint === "part" ? [colouring.nameOf(row)] : valueWords(colouring, row);
    return { name: graph.nodes.getChild("name").get(row), parts: [...parts, ...further] };
  }

  className(row) {
    return this.field("source_class").values[this.graph.column("source_class")[row]] ?? "not classified";
  }

  setMode(mode) {
    this.stage.mode = mode;
    this.root.classList.toggle("al-lassoing", mode !== "panZoom");
    this.tools.show(mode);
  }

  destroy() {
    this.listeners.abort();
    this.stage.destroy();
    this.root.remove();
  }
}

