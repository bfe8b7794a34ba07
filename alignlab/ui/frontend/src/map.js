// The latent map: one or two maps or the wall, with one set of controls, one legend and one selection. Protocol: ../README.md.
import { readAddress, showInAddress, writeAddress } from "./address.js";
import { Choosing } from "./choosing.js";
import { unpackPalettes } from "./colouring.js";
import { Controls } from "./controls.js";
import { el } from "./dom.js";
import { DUPLICATES } from "./duplicates.js";
import { exportFigure } from "./figure/figure.js";
import { Filtering } from "./filtering.js";
import { formatCount } from "./format.js";
import { Interaction } from "./interaction.js";
import { Hint, NUMBER_KEYS } from "./keys.js";
import { categoryLegend, variableLegend } from "./legend.js";
import { Link } from "./link.js";
import { MapView } from "./map_view.js";
import { ORDERS, SHOWN } from "./order.js";
import { Page } from "./page.js";
import { pictureOf } from "./picture.js";
import { Columns, Scene } from "./scene.js";
import { sessionOf } from "./session.js";
import { STRETCHES } from "./stretch.js";
import { readTheme } from "./theme.js";
import { Tools } from "./tools.js";
import { Wall } from "./wall.js";

const PALETTES = ["cividis", "batlow"];
const LASSOS = { panZoom: ["panZoom", "freeform"], lasso: ["lasso", "freeform"], box: ["lasso", "rectangle"] };

export class LatentMap {
  constructor(parent) {
    this.scene = new Scene();
    this.link = new Link(this);
    this.filtering = new Filtering(this);
    this.interaction = new Interaction(this);
    this.choosing = new Choosing(this);
    this.page = new Page(this);
    this.views = [];
    this.second = null;
    this.mode = "panZoom";
    this.listeners = new AbortController();
    this.build(parent);
    this.listen();
  }

  build(parent) {
    this.selectionText = el("span", { "aria-live": "polite" });
    const clear = el("button", { type: "button", on: { click: () => this.choosing.clear() } }, "Clear");
    this.selectionBox = el("div", { class: "al-selection", hidden: true }, this.selectionText, clear);
    this.tools = new Tools({ onMode: (mode) => this.setMode(mode), onReset: () => this.reset(), onZoom: (factor) => this.placed.forEach((view) => view.points.zoom(factor)), onFigure: (format) => this.saveFigure(format) });
    this.controls = new Controls({ onSettings: (change) => this.change(change), onFilter: () => this.filtering.toggle() });
    this.hint = new Hint();
    this.legend = el("div", { class: "al-legend" });
    this.stages = el("div", { class: "al-stages" }, this.selectionBox, this.tools.node, this.hint.node, this.filtering.panel.node);
    const under = el("div", { class: "al-under" }, this.controls.node, this.legend);
    this.root = el("div", { class: "al-map" }, this.stages, this.filtering.chips.node, under);
    parent.append(this.root);
  }

  listen() {
    const options = { signal: this.listeners.signal };
    const mine = (take) => (event) => event.detail?.key === this.meta?.key && take(event.detail);
    window.addEventListener("alignlab:marks", mine((marks) => this.page.receive(marks)), options);
    window.addEventListener("alignlab:second", mine(() => this.draw()), options);
    window.addEventListener("alignlab:need-pdf", () => this.api?.setTriggerValue("need", "pdf"), options);
    window.addEventListener("keydown", (event) => this.interaction.typedAnywhere(event), options);
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

  readTheme() {
    const theme = readTheme(this.root);
    const changed = this.theme && JSON.stringify(theme) !== JSON.stringify(this.theme);
    this.theme = theme;
    this.root.style.setProperty("--al-ground", theme.background);
    this.root.style.setProperty("--al-veil", `color-mix(in srgb, ${theme.background} 75%, transparent)`);
    return changed;
  }

  load(table, meta) {
    [this.meta, this.table, this.columns] = [meta, table, new Columns(table, meta)];
    this.palettes = unpackPalettes(meta.palettes);
    this.session = sessionOf(meta);
    if (this.session.restoredFor !== meta.dataset) this.link.restore();
    this.settings = this.complete(readAddress());
    this.controls.offer(meta);
    this.filtering.panel.offer(meta);
    const marks = window.alignlabMarks?.[meta.key];
    this.page.note(marks);
    this.sift();
    this.recolour();
    this.page.receive(marks);
  }

  /** Fills what the person left open with the defaults of the field that is shown. */
  complete({ colour, stretch, palette, order, duplicates }) {
    const { defaults } = this.meta;
    const shown = this.field(colour) ? colour : defaults.colour;
    return {
      colour: shown,
      stretch: STRETCHES.includes(stretch) ? stretch : (this.field(shown).stretch ?? "linear"),
      palette: PALETTES.includes(palette) ? palette : defaults.palette,
      order: ORDERS.includes(order) && order !== "value" ? order : undefined,
      duplicates: DUPLICATES.includes(duplicates) && duplicates !== "each" && this.meta.duplicates > 0 ? duplicates : undefined,
    };
  }

  field(name) {
    return [...this.meta.variables, ...this.meta.categories].find((f) => f.name === name);
  }

  change(change) {
    const next = { ...this.settings, ...change };
    if (change.colour && !change.stretch && this.settings.stretch !== "percentile") next.stretch = undefined;
    const before = this.settings;
    this.settings = this.complete(next);
    writeAddress(this.settings);
    if (before.duplicates !== this.settings.duplicates) this.sift();
    this.recolour();
  }

  sift() {
    this.scene.sift(this.columns, this.session, this.settings.duplicates);
  }

  /** The chosen colours, then everything that follows from them. */
  recolour() {
    const { settings, meta, scene } = this;
    scene.colour(this.columns, settings, this.palettes, this.theme);
    const { colouring } = scene;
    this.colouring = colouring;
    const isVariable = Boolean(colouring.variable);
    const isDiverging = Boolean(colouring.variable?.diverging);
    this.controls.show(settings, { isVariable, isDiverging, isOrdinal: Boolean(colouring.category?.ordinal), isWall: this.session.layout === "wall" });
    const choose = (mask, add) => this.choosing.choose(mask, add ? "add" : "replace");
    this.legend.replaceChildren(...(isVariable ? variableLegend(colouring, meta.n) : categoryLegend(colouring, meta.n, choose)));
    this.restyle();
  }

  /** Who is selected and shown, on every map; for one that comes late, its lasso. */
  restyle() {
    this.scene.arrange(this.session.selection, this.settings.order);
    this.draw();
    this.showState();
  }

  /** The maps that are on screen. */
  get placed() {
    const { layout } = this.session;
    return layout === "wall" ? [] : this.views.slice(0, layout === "two" && this.second ? 2 : 1);
  }

  /** Draws what the layout asks for. */
  draw() {
    const { meta, session, scene } = this;
    const second = window.alignlabSecond?.[meta.key];
    this.second = second?.rows === meta.rows ? second : null;
    this.root.dataset.layout = session.layout;
    this.root.classList.toggle("al-present", session.present);
    this.showWall();
    const wanted = session.layout === "wall" ? 0 : session.layout === "two" && this.second ? 2 : 1;
    while (this.views.length < wanted) this.addView();
    this.views.forEach((view, k) => (view.stage.hidden = k >= wanted));
    const drawn = this.placed.map((view, k) => this.drawView(view, k, k === 0 ? { ...meta, table: this.table } : this.second));
    if (this.link.applyLasso()) {
      scene.arrange(session.selection, this.settings.order);
      this.showState();
      this.choosing.report();
      this.placed.forEach((view) => view.paint({ ...this.picture }));
    }
    Promise.all(drawn).then(() => this.onDrawn(meta.version, this.settings.colour)).catch((problem) => this.complain(problem));
  }

  drawView(view, k, { title, geometry, table }) {
    const { meta } = this;
    const full = `${title} · n ${formatCount(meta.n)}`;
    const words = `Latent map, ${title}, ${formatCount(meta.n)} sources. Arrow keys move, plus and minus zoom, 0 resets, L draws a lasso, B a box, F filters, Enter opens the source in the middle, Escape clears the selection, question mark lists the keys.`;
    const moved = view.place({ table, n: meta.n, title: full, geometry, words });
    const travel = moved && view.rows === meta.rows;
    view.rows = meta.rows;
    return view.paint({ ...this.picture, travel, camera: moved ? this.link.cameraFor(view, k) : undefined });
  }

  get picture() {
    const { colouring, levels, order, looks, counts, theme } = this.scene;
    return { colouring, levels, order, looks, counts, theme };
  }

  addView() {
    const view = new MapView(this.interaction);
    this.views.push(view);
    this.stages.insertBefore(view.stage, this.selectionBox);
    this.setMode(this.mode);
  }

  showWall() {
    const isWall = this.session.layout === "wall";
    if (this.wall) this.wall.node.hidden = !isWall;
    this.tools.node.hidden = isWall;
    if (!isWall) return;
    if (!this.wall) {
      this.wall = new Wall({ onEnlarge: (name) => this.enlarge(name) });
      this.stages.prepend(this.wall.node);
    }
    const { table, meta, palettes, theme, settings, scene, session } = this;
    const everybody = scene.shown === meta.n;
    const passing = everybody ? null : scene.standing.map((s) => (s === SHOWN ? 1 : 0));
    this.wall.show({ table, meta, palettes, dark: theme.dark, passing, selected: session.selection.rows, settings, theme });
  }

  enlarge(name) {
    this.session.layout = "one";
    this.change({ colour: name });
    this.api.setTriggerValue("layout", "one");
  }

  onDrawn(version, colour) {
    if (this.isGone) return;
    this.root.dataset.drawn = version;
    this.root.dataset.colour = colour;
    if (this.choosing.isLassoNews) this.choosing.report();
    else this.link.publishSoon();
  }

  showState() {
    const { session, scene, root } = this;
    const { count } = session.selection;
    this.selectionBox.hidden = count === 0;
    this.selectionText.textContent = `${formatCount(count)} selected`;
    [root.dataset.selected, root.dataset.shown] = [count, scene.shown];
    if (session.hover !== null && scene.standing[session.hover] !== SHOWN) session.hover = null;
    this.filtering.show();
    this.hint.offer([...NUMBER_KEYS.values()].map((name) => this.field(name)?.label ?? null), session.present);
  }

  drawMarks() {
    for (const view of this.placed) view.drawLayer();
  }

  nameOf(row) {
    return this.table.getChild("name")?.get(row) ?? "";
  }

  className(row) {
    return this.field("source_class").values[this.columns.get("source_class")[row]] ?? "not classified";
  }

  setMode(mode) {
    this.mode = mode;
    const [mouse, type] = LASSOS[mode];
    for (const view of this.views) view.setLasso(mouse, type);
    this.stages.classList.toggle("al-lassoing", mouse === "lasso");
    this.tools.show(mode);
  }

  reset() {
    for (const view of this.placed) view.points.fly(view.points.home);
  }

  saveFigure(format) {
    return exportFigure(format, pictureOf(this)).catch((problem) => {
      console.error(problem);
      this.link.notes = [`The figure could not be saved (${problem.message}).`];
      this.filtering.show();
    });
  }

  complain(problem) {
    if (this.isGone) return;
    console.error(problem);
    const words = `The map could not be drawn (${problem.message}). Reload the page; if that does not help, this browser may lack WebGL.`;
    this.stages.append(el("div", { class: "al-problem", role: "alert" }, words));
  }

  destroy() {
    this.isGone = true;
    this.listeners.abort();
    this.link.close();
    for (const view of this.views) view.destroy();
    this.wall?.destroy();
    this.root.remove();
  }
}
