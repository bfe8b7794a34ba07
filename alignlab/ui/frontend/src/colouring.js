// What the points are coloured by at this moment: levels for the map, entries for the legend, words for the tooltip.
import { MISSING, decode, histogram } from "./codes.js";
import { LEVELS, levelTable, makeStretch } from "./stretch.js";

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

  /** Colour level of every row, LEVELS where the value is missing. */
  get levels() {
    const out = new Uint16Array(this.codes.length);
    for (let i = 0; i < out.length; i += 1) out[i] = this.table[this.codes[i]];
    return out;
  }

  colourOf(row) {
    return this.colours[this.table[this.codes[row]]];
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
    this.colours = Array.from({ length: LEVELS + 1 }, (_, k) => this.swatches[k] ?? missing);
    this.missing = this.counts[UNKNOWN];
    this.missingName = category.unknown ?? "not classified";
  }

  get levels() {
    const out = new Uint16Array(this.codes.length);
    for (let i = 0; i < out.length; i += 1) out[i] = this.codes[i] === UNKNOWN ? LEVELS : this.codes[i];
    return out;
  }

  colourOf(row) {
    return this.colours[this.codes[row] === UNKNOWN ? LEVELS : this.codes[row]];
  }

  isMissing(row) {
    return this.codes[row] === UNKNOWN;
  }

  nameOf(row) {
    return this.category.values[this.codes[row]] ?? this.missingName;
  }

  /** Mask of the first `n` rows that have a value. */
  maskOf(value, n) {
    const mask = new Uint8Array(n);
    for (let i = 0; i < n; i += 1) if (this.codes[i] === value) mask[i] = 1;
    return mask;
  }
}
