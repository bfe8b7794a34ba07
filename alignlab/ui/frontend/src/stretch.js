// From a variable's codes to colour levels 0-255: linear, logarithmic or by percentile, and the ticks of the legend.
import { MISSING, TOP, decode, firstPositiveCode, quantile } from "./codes.js";

export const LEVELS = 256;
export const STRETCHES = ["linear", "log", "percentile"];
const TAIL = 0.005;

/**
 * How one variable is laid on the colour scale.
 *
 * Linear and log run from the 0.5th to the 99.5th percentile, so that one outlier does not take all the colours; a
 * diverging variable runs symmetrically about zero, its "log" being an asinh. Percentile spends equal colour on equal
 * numbers of sources (on each side of zero where the variable diverges).
 */
export function makeStretch(kind, variable, hist) {
  if (hist.valid === 0) return { kind, toUnit: () => 0, low: NaN, high: NaN, ticks: [] };
  if (kind === "percentile") return percentileStretch(variable, hist);
  if (variable.diverging) return divergingStretch(kind, variable, hist);
  return kind === "log" ? logStretch(variable, hist) : linearStretch(variable, hist);
}

/** Colour level of every possible code: one table look-up per point is all that a redraw costs. */
export function levelTable(stretch, variable, hist) {
  const table = new Uint16Array(MISSING + 1);
  for (let code = 0; code <= TOP; code += 1) {
    const unit = stretch.toUnit(decode(code, variable), code);
    table[code] = Math.max(0, Math.min(LEVELS - 1, Math.floor(unit * LEVELS)));
  }
  table[MISSING] = LEVELS;
  return table;
}

function linearStretch(variable, hist) {
  let low = quantile(hist, variable, TAIL);
  let high = quantile(hist, variable, 1 - TAIL);
  if (!(high > low)) ({ low, high } = widen(low));
  const toUnit = (v) => (v - low) / (high - low);
  return { kind: "linear", toUnit, low, high, ...clipping(variable, hist, low, high), ticks: linearTicks(low, high, toUnit) };
}

function logStretch(variable, hist) {
  const first = firstPositiveCode(variable);
  let low = quantile(hist, variable, TAIL, first);
  let high = quantile(hist, variable, 1 - TAIL, first);
  if (!(low > 0)) return linearStretch(variable, hist);
  if (!(high > low)) [low, high] = [low / 2, low * 2];
  const span = Math.log(high / low);
  const toUnit = (v) => (v > 0 ? Math.log(v / low) / span : 0);
  return { kind: "log", toUnit, low, high, ...clipping(variable, hist, low, high), ticks: logTicks(low, high, toUnit) };
}

function divergingStretch(kind, variable, hist) {
  const tails = [quantile(hist, variable, TAIL), quantile(hist, variable, 1 - TAIL)];
  const limit = Math.max(...tails.map(Math.abs)) || 1;
  const softening = limit / 20;
  const toUnit =
    kind === "log"
      ? (v) => 0.5 + (0.5 * Math.asinh(v / softening)) / Math.asinh(limit / softening)
      : (v) => 0.5 + (0.5 * v) / limit;
  const marks = kind === "log" ? [-1, -0.3, -0.1, 0, 0.1, 0.3, 1].map((f) => niceRound(f * limit)) : null;
  const ticks = marks ? marks.map((v) => ({ at: toUnit(v), value: v })) : linearTicks(-limit, limit, toUnit);
  return { kind, toUnit, low: -limit, high: limit, ...clipping(variable, hist, -limit, limit), ticks };
}

function percentileStretch(variable, hist) {
  const rank = new Float32Array(TOP + 1);
  const zero = variable.diverging ? firstPositiveCode(variable) : 0;
  spread(rank, hist.counts, 0, zero, 0, 0.5);
  spread(rank, hist.counts, zero, TOP + 1, variable.diverging ? 0.5 : 0, 1);
  const toUnit = (_, code) => rank[code];
  const at = (p) => {
    for (let c = 0; c <= TOP; c += 1) if (hist.counts[c] > 0 && rank[c] >= p - 1e-6) return decode(c, variable);
    return decode(lastCode(hist), variable);
  };
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((p) => ({ at: p, value: p === 1 ? decode(lastCode(hist), variable) : at(p) }));
  if (variable.diverging) ticks[2].value = 0;
  return { kind: "percentile", toUnit, low: ticks[0].value, high: ticks[4].value, ticks };
}

/** Mid-ranks of the codes in [from, to), spread evenly over [start, end]. */
function spread(rank, counts, from, to, start, end) {
  let total = 0;
  for (let c = from; c < to; c += 1) total += counts[c];
  if (total === 0) return;
  let seen = 0;
  for (let c = from; c < to; c += 1) {
    rank[c] = start + ((end - start) * (seen + counts[c] / 2)) / total;
    seen += counts[c];
  }
}

function lastCode(hist) {
  for (let c = TOP; c >= 0; c -= 1) if (hist.counts[c] > 0) return c;
  return 0;
}

function clipping(variable, hist, low, high) {
  const smallest = quantile(hist, variable, 0);
  const largest = decode(lastCode(hist), variable);
  const slack = 1e-3 * Math.abs(high - low);
  return { clippedLow: smallest < low - slack, clippedHigh: largest > high + slack };
}

function widen(value) {
  const pad = Math.abs(value) || 1;
  return { low: value - pad, high: value + pad };
}

/** Four to seven round values in [low, high]. */
export function linearTicks(low, high, toUnit) {
  const raw = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k += 1) {
    const value = Math.abs(k) < 1e-9 ? 0 : Number((k * step).toPrecision(12));
    ticks.push({ at: toUnit(value), value });
  }
  return ticks;
}

/** Decades, with 2 and 5 (or 3) between them where there is room. */
export function logTicks(low, high, toUnit) {
  const decades = Math.log10(high / low);
  const mantissas = decades < 2 ? [1, 2, 5] : decades < 4 ? [1, 3] : [1];
  const every = Math.max(1, Math.ceil(decades / 7));
  const ticks = [];
  for (let p = Math.floor(Math.log10(low)); p <= Math.log10(high); p += 1) {
    if (p % every !== 0) continue;
    for (const m of mantissas) {
      const value = Number((m * 10 ** p).toPrecision(6));
      if (value >= low * 0.999 && value <= high * 1.001) ticks.push({ at: toUnit(value), value });
    }
  }
  return ticks.length >= 2 ? ticks : [low, high].map((v) => ({ at: toUnit(v), value: niceRound(v) }));
}

function niceRound(value) {
  return value === 0 ? 0 : Number(value.toPrecision(2));
}
