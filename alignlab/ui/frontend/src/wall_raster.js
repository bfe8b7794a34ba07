// Many points on a small picture without WebGL: one pass over the rows, one look-up per point.
import { MISSING } from "./codes.js";
import { LEVELS } from "./stretch.js";
import { toRgb } from "./theme.js";

/** What lies on top, from below: faded missing, faded values low to high, missing, values low to high; 0 is nothing. */
const STEP = LEVELS + 1;
const FIRST = 1;
/** How much of its colour a faded point keeps. */
const KEPT = 0.22;

/** Where every row falls on a picture of so many pixels: worked out once, the same for all variables. */
export class Raster {
  constructor(x, y, width, height) {
    [this.width, this.height] = [width, height];
    this.diameter = pointDiameter(x.length, width, height);
    const margin = Math.ceil(this.diameter / 2) + 3;
    const [left, right] = extent(x);
    const [bottom, top] = extent(y);
    const scale = Math.min((width - 2 * margin) / (right - left || 1), (height - 2 * margin) / (top - bottom || 1));
    const [cx, cy] = [(left + right) / 2, (bottom + top) / 2];
    this.column = (v) => Math.round(width / 2 + (v - cx) * scale);
    this.line = (v) => Math.round(height / 2 - (v - cy) * scale);
    this.pixels = new Uint32Array(x.length);
    for (let i = 0; i < x.length; i += 1) this.pixels[i] = this.line(y[i]) * width + this.column(x[i]);
    this.stamp = disc(this.diameter, width);
    this.depth = new Uint16Array(width * height);
  }

  /** Pixel of a row, [column, line]. */
  place(row) {
    const pixel = this.pixels[row];
    return [pixel % this.width, Math.floor(pixel / this.width)];
  }

  /** The row nearest to a pixel, or null where none is within `reach` pixels. */
  nearest(column, line, reach) {
    let [best, found] = [reach * reach, null];
    for (let row = 0; row < this.pixels.length; row += 1) {
      const pixel = this.pixels[row];
      const dx = (pixel % this.width) - column;
      const dy = Math.floor(pixel / this.width) - line;
      const distance = dx * dx + dy * dy;
      if (distance <= best) [best, found] = [distance, row];
    }
    return found;
  }

  /**
   * Colours of all pixels of one variable's picture.
   *
   * @param {Uint32Array} out one number per pixel, as ImageData holds them
   * @param {Uint16Array} codes of the variable
   * @param {Uint16Array} ranks of every code, from `rankTable`
   * @param {Uint32Array} ink of every rank, from `inks`
   * @param {Uint8Array|null} faded 1 where a row is filtered or not selected
   */
  draw(out, codes, ranks, ink, faded) {
    const { pixels, stamp, depth } = this;
    depth.fill(0);
    for (let row = 0; row < pixels.length; row += 1) {
      const rank = ranks[codes[row]] - (faded !== null && faded[row] === 1 ? STEP : 0);
      const centre = pixels[row];
      for (let k = 0; k < stamp.length; k += 1) {
        const pixel = centre + stamp[k];
        if (depth[pixel] < rank) depth[pixel] = rank;
      }
    }
    for (let pixel = 0; pixel < out.length; pixel += 1) out[pixel] = ink[depth[pixel]];
  }
}

/** Drawing rank of every code of a variable, from its colour levels: missing at the bottom, high values on top. */
export function rankTable(levels) {
  const ranks = new Uint16Array(MISSING + 1);
  for (let code = 0; code < MISSING; code += 1) ranks[code] = FIRST + STEP + 1 + levels[code];
  ranks[MISSING] = FIRST + STEP;
  return ranks;
}

/** Colour of every rank as one number; `colours` are a variable's levels followed by the one of the missing. */
export function inks(colours, background) {
  const ground = toRgb(background);
  const full = [colours[LEVELS], ...colours.slice(0, LEVELS)].map(toRgb);
  const faint = full.map((c) => c.map((v, k) => KEPT * v + (1 - KEPT) * ground[k]));
  return Uint32Array.from([0, ...[...faint, ...full].map(pack)]);
}

/** 1 where a row is to be drawn faded, or null where all are shown alike. */
export function fadedRows(n, selected, passing) {
  if (selected.length === 0 && passing === null) return null;
  const faded = new Uint8Array(n);
  if (selected.length > 0) {
    faded.fill(1);
    for (const row of selected) faded[row] = 0;
  }
  if (passing !== null) for (let row = 0; row < passing.length; row += 1) if (passing[row] === 0) faded[row] = 1;
  return faded;
}

function pack([r, g, b]) {
  const [red, green, blue] = [r, g, b].map((v) => Math.round(255 * v));
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function pointDiameter(n, width, height) {
  return Math.min(9, Math.max(1, Math.round(Math.sqrt((1.6 * width * height) / Math.max(1, n)))));
}

/** Steps from a pixel to those that a round point covers. */
function disc(diameter, width) {
  const reach = (diameter - 1) / 2;
  const steps = [];
  for (let dy = -Math.floor(reach); dy <= Math.ceil(reach); dy += 1) {
    for (let dx = -Math.floor(reach); dx <= Math.ceil(reach); dx += 1) {
      const centre = diameter % 2 === 0 ? 0.5 : 0;
      if (Math.hypot(dx - centre, dy - centre) <= diameter / 2 + 0.1) steps.push(dy * width + dx);
    }
  }
  return Int32Array.from(steps);
}

function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return [low, high];
}
