// What the points are coloured by at this moment: levels for the map, entries for the legend, words for the tooltip.
import { MISSING, decode, histogram } from "./codes.js";
import { LEVELS, levelTable, makeStretch } from "./stretch.js";

/** Colours per bank; two banks let the old and the new colours coexist for the frame in which they change. */
export const BANK = LEVELS + 1;
const UNKNOWN = 255;

/** Palettes arrive as one string of hexadecimal digits each; here they become lists of "#rrggbb". */
export function unpackPalettes(packed) {
  const split = (digits) => digits.match(/.{6}/g).map((c) => `#${c}`);
  return Object.fromEntries(Object.entries(packed).map(([name, digits]) => [name, split(digits)]));
}

export class VariableColouring {
  constructor(variable, codes, n, settings, palettes, dark) {
    const shade = dark ? "dark" : "light";
    this.variable = variable;
    this.codes = codes;
    this.hist = histogram(codes, n);
    this.stretch = makeStretch(settings.stretch, variable, this.hist);
    this.table = levelTable(this.stretch, variable, this.hist);
    this.palette = palettes[`${variable.diverging ? "diverging" : settings.palette}_${shade}`];
    this.colours = [...this.palette, palettes[`missing_${shade}`][0]];
  }

  levels(out, offset) {
    for (let i = 0; i < out.length; i += 1) out[i] = offset + this.table[this.codes[i]];
  }

  /** Draw order: missing rows first, so that they never hide a measured one; null where nothing is missing. */
  order() {
    if (this.hist.missing === 0) return null;
    const order = [];
    for (let i = 0; i < this.codes.length; i += 1) if (this.codes[i] === MISSING) order.push(i);
    return order;
  }

  isMissing(row) {
    return this.codes[row] === MISSING;
  }

  valueOf(row) {
    return decode(this.codes[row], this.variable);
  }
}

export class CategoryColouring {
  constructor(category, codes, n, settings, palettes, dark) {
    const shade = dark ? "dark" : "light";
    this.category = category;
    this.codes = codes;
    this.counts = new Uint32Array(256);
    for (let i = 0; i < n; i += 1) this.counts[codes[i]] += 1;
    const missing = palettes[`missing_${shade}`][0];
    const names = category.values;
    const wheel = palettes[`classes_${shade}`];
    const ramp = palettes[`${settings.palette}_${shade}`];
    const pick = (k) => ramp[Math.round((k / Math.max(1, names.length - 1)) * (LEVELS - 1))];
    this.swatches = names.map((_, k) => (category.ordinal ? pick(k) : (wheel[k] ?? missing)));
    this.colours = Array.from({ length: BANK }, (_, k) => this.swatches[k] ?? missing);
    this.missing = this.counts[UNKNOWN];
  }

  levels(out, offset) {
    for (let i = 0; i < out.length; i += 1) out[i] = offset + (this.codes[i] === UNKNOWN ? LEVELS : this.codes[i]);
  }

  order() {
    return null;
  }

  isMissing(row) {
    return this.codes[row] === UNKNOWN;
  }

  nameOf(row) {
    return this.category.values[this.codes[row]] ?? "not classified";
  }

  rowsOf(value, n) {
    const rows = [];
    for (let i = 0; i < n; i += 1) if (this.codes[i] === value) rows.push(i);
    return rows;
  }
}
