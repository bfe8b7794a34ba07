// Filters: which rows pass, and their short form in the address: `source_class:AGN|QSO;powlaw_gamma:1.5..2.5;labelled:yes`.
import { MISSING, TOP } from "./codes.js";
import { DIMMED, HIDDEN, SHOWN } from "./order.js";

export const LABELLED = { name: "labelled", label: "labelled", values: ["no", "yes"] };
const UNKNOWN = 255;
/** What a category's filter calls the rows without a value. */
export const UNKNOWN_NAME = "unknown";

/**
 * Reads a filter's short form.
 *
 * @returns {{filters: Map<string, object>, problems: string[]}} by field `{values: string[]}` or `{low, high}` (null: open),
 *   and the parts that mean nothing for these sources
 */
export function parseFilters(text, meta) {
  const filters = new Map();
  const problems = [];
  for (const part of (text ?? "").split(";").filter(Boolean)) {
    const cut = part.indexOf(":");
    const [name, wanted] = [part.slice(0, cut), part.slice(cut + 1)];
    const filter = readFilter(fieldOf(meta, name), wanted);
    if (filter) filters.set(name, filter);
    else problems.push(unescape(part));
  }
  return { filters, problems };
}

export function formatFilters(filters) {
  return [...filters].map(([name, filter]) => `${name}:${filter.values ? filter.values.map(escape).join("|") : `${filter.low ?? ""}..${filter.high ?? ""}`}`).join(";");
}

export function fieldOf(meta, name) {
  return name === LABELLED.name ? LABELLED : [...meta.categories, ...meta.variables].find((field) => field.name === name);
}

/** The names that a category's filter can hold, in the order of its codes. */
export function valueNames(field) {
  return field === LABELLED ? field.values : [...field.values, UNKNOWN_NAME];
}

/**
 * HIDDEN, DIMMED or SHOWN for each row, and how many of the survey's own `n` rows are shown.
 *
 * @param {Map<string, object>} filters
 * @param {(name: string) => Uint8Array|Uint16Array} codesOf the codes of a field
 * @param {Uint8Array|null} hidden mask of the rows that are not there at all
 */
export function standingOf(filters, meta, codesOf, hidden, rows) {
  const standing = new Uint8Array(rows).fill(SHOWN);
  for (const [name, filter] of filters) {
    const codes = codesOf(name);
    const passes = passTable(fieldOf(meta, name), filter);
    for (let i = 0; i < rows; i += 1) if (!passes[codes[i]]) standing[i] = DIMMED;
  }
  if (hidden) for (let i = 0; i < rows; i += 1) if (hidden[i]) standing[i] = HIDDEN;
  let shown = 0;
  for (let i = 0; i < meta.n; i += 1) if (standing[i] === SHOWN) shown += 1;
  return { standing, shown };
}

/** For each code whether it passes: one look-up per row, whatever the filter. */
export function passTable(field, filter) {
  if (filter.values) {
    const table = new Uint8Array(256);
    for (const value of filter.values) table[value === UNKNOWN_NAME ? UNKNOWN : field.values.indexOf(value)] = 1;
    return table;
  }
  const table = new Uint8Array(MISSING + 1);
  const first = filter.low === null ? 0 : Math.max(0, codeOf(filter.low, field));
  const last = filter.high === null ? TOP : Math.min(TOP, codeOf(filter.high, field));
  if (first <= last) table.fill(1, first, last + 1);
  return table;
}

/** The code nearest to a value, which may lie outside 0-65534; a value that was coded passes a filter that ends at it. */
function codeOf(value, variable) {
  const offset = Math.asinh(value / variable.softening) - variable.low;
  const span = variable.high - variable.low;
  if (span <= 0) return Math.abs(offset) < 1e-6 ? 0 : Math.sign(offset) * (TOP + 1);
  return Math.max(-1, Math.min(TOP + 1, Math.round((offset / span) * TOP)));
}

function readFilter(field, wanted) {
  if (!field) return null;
  if (field.values) {
    const names = valueNames(field);
    const values = wanted.split("|").map(unescape);
    return values.every((value) => names.includes(value)) ? { values } : null;
  }
  const match = /^(.*?)\.\.(.*)$/.exec(wanted);
  if (!match) return null;
  const [low, high] = match.slice(1).map((text) => (text === "" ? null : Number(text)));
  if (Number.isNaN(low) || Number.isNaN(high) || (low === null && high === null)) return null;
  return { low, high };
}

function escape(text) {
  return text.replace(/[%;|:]/g, encodeURIComponent);
}

function unescape(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
