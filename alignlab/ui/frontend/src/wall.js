// The wall: every catalogue variable as a small picture of the same map, each a button that enlarges it.
import { decode } from "./codes.js";
import { VariableColouring } from "./colouring.js";
import { el } from "./dom.js";
import { formatCount, formatValue } from "./format.js";
import style from "./wall.css";
import { Raster, fadedRows, inks, rankTable } from "./wall_raster.js";

/** Milliseconds of drawing after which the page may answer to its user. */
const SLICE = 12;
/** Pixels of the pictures per CSS pixel: shrunk by the browser, which makes their points round. */
const FINENESS = 2;
/** CSS pixels around the pointer in which it finds a source. */
const REACH = 6;

export class Wall {
  /** @param {{onEnlarge: (name: string) => void, onHover?: (row: number|null) => void}} listeners */
  constructor({ onEnlarge, onHover = () => {} }) {
    addStyle();
    [this.onEnlarge, this.onHover] = [onEnlarge, onHover];
    this.tiles = [];
    this.head = el("div", { class: "al-wall-head" });
    this.grid = el("div", { class: "al-wall-grid", role: "group", "aria-label": "All variables on the same map" });
    this.node = el("section", { class: "al-wall" }, this.head, this.grid);
    this.observer = new ResizeObserver(() => this.scene && this.sizeChanged() && this.redraw());
    this.observer.observe(this.grid);
  }

  /**
   * Draws all pictures, a few at a time; calling it again while it draws starts afresh.
   *
   * @param {{table, meta, palettes, dark, passing: Uint8Array|null, selected: number[], settings, theme}} scene
   */
  show(scene) {
    const variables = scene.meta.variables.filter((variable) => variable.wall);
    const other = this.scene?.meta.version !== scene.meta.version || this.scene?.table !== scene.table;
    if (other) this.raster = null;
    this.scene = scene;
    this.node.style.setProperty("--al-missing", scene.palettes[`missing_${scene.dark ? "dark" : "light"}`][0]);
    if (other || this.tiles.length !== variables.length) {
      const listeners = { onEnlarge: this.onEnlarge, onMove: (tile, event) => this.find(tile, event), onLeave: () => this.hover(null) };
      this.tiles = variables.map((variable) => new Tile(variable, listeners));
      this.grid.replaceChildren(...this.tiles.map((tile) => tile.node));
    }
    this.showHead();
    this.redraw();
  }

  destroy() {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.observer.disconnect();
    this.node.remove();
  }

  sizeChanged() {
    const { width, height } = this.tiles[0]?.room() ?? { width: 0, height: 0 };
    return width > 0 && (this.raster?.width !== width || this.raster?.height !== height);
  }

  redraw() {
    clearTimeout(this.timer);
    delete this.node.dataset.drawn;
    if (this.sizeChanged()) {
      const { width, height } = this.tiles[0].room();
      const [x, y] = ["x", "y"].map((name) => this.scene.table.getChild(name).toArray());
      this.raster = new Raster(x, y, width, height);
    }
    if (!this.raster) return;
    const { table, selected, passing } = this.scene;
    const faded = fadedRows(table.numRows, selected, passing);
    this.drawSlice([...this.tiles], faded);
  }

  /** Draws pictures until the time is up, then lets the page breathe and goes on. */
  drawSlice(waiting, faded) {
    const end = performance.now() + SLICE;
    do waiting.shift()?.draw(this.scene, this.raster, faded);
    while (waiting.length > 0 && performance.now() < end);
    if (waiting.length > 0) this.timer = setTimeout(() => this.drawSlice(waiting, faded), 0);
    else this.node.dataset.drawn = this.scene.meta.version;
  }

  showHead(row = null) {
    const { meta, table, selected, passing } = this.scene;
    const title = row === null ? meta.title : (table.getChild("name")?.get(row) ?? `source ${row}`);
    const fading = [selected.length > 0 ? "not selected" : "", passing ? "filtered out" : ""].filter(Boolean).join(" or ");
    const notes = [
      el("span", { class: "al-wall-key" }, el("i", {}), "missing"),
      ...(fading ? [`faded: ${fading}`] : []),
      "high values on top",
      "press one to enlarge it",
    ];
    const count = `${this.tiles.length} variables · n ${formatCount(meta.n)}`;
    const words = row === null ? count : className(meta, table, row);
    this.head.replaceChildren(el("b", {}, title), ` · ${words}`, el("span", { class: "al-wall-notes" }, ...notes.flatMap((note, k) => (k ? [" · ", note] : [note]))));
  }

  /** Looks for a source under the pointer, at most once per frame. */
  find(tile, event) {
    if (!this.raster) return;
    const { left, top } = tile.canvas.getBoundingClientRect();
    const [column, line] = [(event.clientX - left) * FINENESS, (event.clientY - top) * FINENESS];
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.hover(this.raster.nearest(column, line, REACH * FINENESS)));
  }

  /** Rings a source in all pictures and gives its values in place of the counts; null takes them away. */
  hover(row) {
    cancelAnimationFrame(this.frame);
    if (row === (this.hovered ?? null)) return;
    this.hovered = row;
    for (const tile of this.tiles) tile.mark(row, row === null ? null : this.raster.place(row), this.scene.table);
    this.showHead(row);
    this.onHover(row);
  }
}

class Tile {
  constructor(variable, { onEnlarge, onMove, onLeave }) {
    this.variable = variable;
    this.canvas = el("canvas", {});
    this.ring = el("i", { class: "al-wall-ring", hidden: true });
    this.facts = el("span", { class: "al-wall-facts" });
    this.bar = el("span", { class: "al-wall-bar" });
    this.ends = [el("span", {}), el("span", {})];
    const name = el("span", { class: "al-wall-name" }, variable.label);
    const picture = el("span", { class: "al-wall-picture" }, this.canvas, this.ring);
    const scale = el("span", { class: "al-wall-scale" }, this.ends[0], this.bar, this.ends[1]);
    const on = { click: () => onEnlarge(variable.name), mousemove: (event) => onMove(this, event), mouseleave: onLeave };
    const words = { title: variable.description ?? "", "aria-label": `Enlarge ${variable.label}` };
    this.node = el("button", { type: "button", class: "al-wall-tile", "data-name": variable.name, ...words, on }, name, this.facts, picture, scale);
  }

  /** Pixels that its picture takes. */
  room() {
    return { width: this.canvas.clientWidth * FINENESS, height: this.canvas.clientHeight * FINENESS };
  }

  draw(scene, raster, faded) {
    const { width, height } = raster;
    const codes = this.colour(scene);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      [this.canvas.width, this.canvas.height] = [width, height];
      this.image = new ImageData(width, height);
    }
    const pixels = new Uint32Array(this.image.data.buffer);
    raster.draw(pixels, codes, this.ranks, this.ink, faded);
    const context = this.canvas.getContext("2d");
    context.putImageData(this.image, 0, 0);
    drawOverlays(context, scene, raster, (row) => this.colouring.colours[this.colouring.table[codes[row]]]);
  }

  /** Works out colours and words where table, stretch, colour map or theme are new; gives the variable's codes. */
  colour(scene) {
    const { table, meta, palettes, dark, settings, theme } = scene;
    // "percentile" holds for all; linear and logarithmic are each variable's own.
    const stretch = settings.stretch === "percentile" ? "percentile" : (this.variable.stretch ?? "linear");
    const look = JSON.stringify([stretch, settings.palette, dark, theme.background]);
    if (this.look === look && this.table === table) return this.codes;
    [this.look, this.table] = [look, table];
    this.codes = table.getChild(this.variable.name).toArray();
    this.colouring = new VariableColouring(this.variable, this.codes, meta.n, { ...settings, stretch }, palettes, dark);
    this.ranks = rankTable(this.colouring.table);
    this.ink = inks(this.colouring.colours, theme.background);
    this.describe();
    return this.codes;
  }

  describe() {
    const { stretch, hist, palette } = this.colouring;
    this.bar.style.background = `linear-gradient(to right, ${palette.join(",")})`;
    this.ends[0].textContent = (stretch.clippedLow ? "≤ " : "") + formatValue(stretch.low);
    this.ends[1].textContent = (stretch.clippedHigh ? "≥ " : "") + formatValue(stretch.high);
    const scale = stretch.kind === "log" && this.variable.diverging ? "asinh" : stretch.kind;
    this.facts.textContent = [this.variable.unit, scale, `n ${formatCount(hist.valid)}`].filter(Boolean).join(" · ");
    this.usual = this.facts.textContent;
  }

  mark(row, place, table) {
    this.ring.hidden = row === null;
    if (row === null) {
      this.facts.replaceChildren(this.usual ?? "");
      return;
    }
    [this.ring.style.left, this.ring.style.top] = place.map((v) => `${v / FINENESS}px`);
    const value = decode(table.getChild(this.variable.name).get(row), this.variable);
    this.facts.replaceChildren(el("b", {}, formatValue(value)), Number.isFinite(value) ? ` ${this.variable.unit}` : "");
  }
}

/** Sources laid over the map, as diamonds as on the large map. */
function drawOverlays(context, { meta, theme }, raster, colourOf) {
  const size = 4 * FINENESS;
  for (const { start, stop } of meta.overlays) {
    for (let row = start; row < stop; row += 1) {
      const [x, y] = raster.place(row);
      context.beginPath();
      for (const [dx, dy] of [[0, -1], [1, 0], [0, 1], [-1, 0]]) context.lineTo(x + size * dx, y + size * dy);
      context.closePath();
      for (const [colour, width] of [[theme.background, 2.6], [theme.text, 1.2]]) {
        [context.strokeStyle, context.lineWidth] = [colour, width * FINENESS];
        context.stroke();
      }
      context.fillStyle = colourOf(row);
      context.fill();
    }
  }
}

function className(meta, table, row) {
  const classes = meta.categories.find((category) => category.name === "source_class");
  return classes?.values[table.getChild("source_class")?.get(row)] ?? "not classified";
}

function addStyle() {
  if (document.getElementById("alignlab-wall-style")) return;
  const node = document.createElement("style");
  node.id = "alignlab-wall-style";
  node.textContent = style;
  document.head.append(node);
}
