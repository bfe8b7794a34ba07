// The browser's arithmetic against brute force.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MISSING, TOP, decode, firstPositiveCode, histogram, quantile } from "../../../alignlab/ui/frontend/src/codes.js";
import { formatValue } from "../../../alignlab/ui/frontend/src/format.js";
import { LEVELS, levelTable, linearTicks, logTicks, makeStretch } from "../../../alignlab/ui/frontend/src/stretch.js";

function random(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

function coded(values) {
  const known = values.filter(Number.isFinite);
  const softening = Math.min(...known.map(Math.abs).filter((v) => v > 0));
  const bent = known.map((v) => Math.asinh(v / softening));
  const [low, high] = [Math.min(...bent), Math.max(...bent)];
  const codes = Uint16Array.from(values, (v) => (Number.isFinite(v) ? Math.round(((Math.asinh(v / softening) - low) / (high - low)) * TOP) : MISSING));
  return { codes, variable: { softening, low, high, diverging: known.some((v) => v < 0) } };
}

const next = random(7);
const positive = Array.from({ length: 4000 }, () => 10 ** (4 * next() - 1));
const signed = Array.from({ length: 4000 }, () => 2 * next() - 1.2);
positive[5] = positive[9] = NaN;

test("codes decode to three significant digits", () => {
  const { codes, variable } = coded(positive);
  positive.forEach((v, i) => {
    const back = decode(codes[i], variable);
    if (Number.isNaN(v)) assert.ok(Number.isNaN(back));
    else assert.ok(Math.abs(back / v - 1) < 5e-4, `${v} came back as ${back}`);
  });
});

test("histogram and quantiles agree with sorting", () => {
  const { codes, variable } = coded(positive);
  const hist = histogram(codes, codes.length);
  assert.equal(hist.missing, 2);
  const sorted = positive.filter(Number.isFinite).sort((a, b) => a - b);
  for (const p of [0, 0.01, 0.25, 0.5, 0.9, 1]) {
    const wanted = sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)];
    assert.ok(Math.abs(quantile(hist, variable, p) / wanted - 1) < 1e-3);
  }
});

test("rows beyond n do not count", () => {
  assert.equal(histogram(Uint16Array.of(1, 2, MISSING, MISSING), 3).missing, 1);
});

test("the first positive code is the first above zero", () => {
  const { variable } = coded(signed);
  const first = firstPositiveCode(variable);
  assert.ok(decode(first, variable) > 0);
  assert.ok(decode(first - 1, variable) <= 0);
});

test("levels never fall with the value, missing is a level of its own", () => {
  for (const values of [positive, signed]) {
    const { codes, variable } = coded(values);
    const hist = histogram(codes, codes.length);
    for (const kind of ["linear", "log", "percentile"]) {
      const table = levelTable(makeStretch(kind, variable, hist), variable, hist);
      for (let c = 1; c <= TOP; c += 1) assert.ok(table[c] >= table[c - 1] || hist.counts[c] * hist.counts[c - 1] === 0);
      assert.equal(table[MISSING], LEVELS);
    }
  }
});

test("percentile spends equal colour on equal numbers", () => {
  const { codes, variable } = coded(positive);
  const hist = histogram(codes, codes.length);
  const table = levelTable(makeStretch("percentile", variable, hist), variable, hist);
  const quarters = [0, 0, 0, 0];
  for (const c of codes) if (c !== MISSING) quarters[Math.floor(table[c] / 64)] += 1;
  for (const q of quarters) assert.ok(Math.abs(q - 1000) < 25, `a quarter of the colours holds ${q}`);
});

test("diverging scales are centred on zero in every stretch", () => {
  const { codes, variable } = coded(signed);
  const hist = histogram(codes, codes.length);
  for (const kind of ["linear", "log", "percentile"]) {
    const stretch = makeStretch(kind, variable, hist);
    const table = levelTable(stretch, variable, hist);
    codes.forEach((c, i) => assert.equal(table[c] >= 128, signed[i] > 0 || table[c] === 128, `${kind} ${signed[i]}`));
    const zero = stretch.ticks.find((t) => t.value === 0);
    assert.ok(Math.abs(zero.at - 0.5) < 1e-6);
  }
});

test("degenerate columns have a legend", () => {
  const variable = { softening: 1, low: 0, high: 0, diverging: false };
  for (const codes of [Uint16Array.of(MISSING, MISSING), Uint16Array.of(0, 0, MISSING)]) {
    for (const kind of ["linear", "log", "percentile"]) {
      const hist = histogram(codes, codes.length);
      levelTable(makeStretch(kind, variable, hist), variable, hist);
    }
  }
});

test("ticks are round and lie on the scale", () => {
  const unit = (v) => v;
  assert.deepEqual(linearTicks(-1, 1, unit).map((t) => t.value), [-1, -0.5, 0, 0.5, 1]);
  assert.deepEqual(logTicks(0.5, 2000, unit).map((t) => t.value), [1, 3, 10, 30, 100, 300, 1000]);
  assert.ok(logTicks(1e-6, 1e6, unit).length <= 8);
  assert.ok(logTicks(1.1, 1.2, unit).length >= 2);
});

test("numbers read as a person writes them", () => {
  const cases = [[0, "0"], [-0.6234, "−0.623"], [12345, "12,345"], [4.2e-5, "4.2 × 10⁻⁵"], [1e7, "10⁷"], [NaN, "missing"], [1, "1"]];
  for (const [value, text] of cases) assert.equal(formatValue(value), text);
});
