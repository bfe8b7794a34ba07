// Filters, drawing order, duplicates, cameras and the grid against brute force.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cameraOf, decodeCamera, encodeCamera } from "../../../alignlab/ui/frontend/src/camera.js";
import { MISSING, TOP, decode, histogram } from "../../../alignlab/ui/frontend/src/codes.js";
import { Objects } from "../../../alignlab/ui/frontend/src/duplicates.js";
import { binned } from "../../../alignlab/ui/frontend/src/filter_panel.js";
import { formatFilters, parseFilters, standingOf } from "../../../alignlab/ui/frontend/src/filters.js";
import { Grid } from "../../../alignlab/ui/frontend/src/grid.js";
import { DIMMED, HIDDEN, LOOKS, SHOWN, drawingOrder, looksOf } from "../../../alignlab/ui/frontend/src/order.js";
import { LEVELS, levelTable, makeStretch } from "../../../alignlab/ui/frontend/src/stretch.js";

function random(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

const N = 2000;
const next = random(21);
const gamma = { name: "powlaw_gamma", label: "photon index", softening: 0.5, low: Math.asinh(-1 / 0.5), high: Math.asinh(9 / 0.5) };
const meta = {
  n: N,
  variables: [gamma],
  categories: [{ name: "source_class", label: "class", values: ["AGN", "≥ 10,000", "a|b;c:d 50%"] }],
};
const columns = {
  powlaw_gamma: Uint16Array.from({ length: N + 5 }, () => (next() < 0.1 ? MISSING : Math.floor(next() * (TOP + 1)))),
  source_class: Uint8Array.from({ length: N + 5 }, () => (next() < 0.1 ? 255 : Math.floor(3 * next()))),
  labelled: Uint8Array.from({ length: N + 5 }, () => (next() < 0.2 ? 1 : 0)),
};
const read = (text) => parseFilters(text, meta).filters;

test("filters keep their meaning through the address", () => {
  const filters = new Map([
    ["source_class", { values: ["a|b;c:d 50%", "unknown", "≥ 10,000"] }],
    ["powlaw_gamma", { low: -0.5, high: 2.25 }],
    ["labelled", { values: ["yes"] }],
  ]);
  assert.deepEqual(read(formatFilters(filters)), filters);
  assert.deepEqual(read("powlaw_gamma:..3"), new Map([["powlaw_gamma", { low: null, high: 3 }]]));
  assert.equal(formatFilters(read("powlaw_gamma:1.5..2.5;source_class:AGN|unknown")), "powlaw_gamma:1.5..2.5;source_class:AGN|unknown");
});

test("what a filter cannot mean is said, not dropped silently", () => {
  const { filters, problems } = parseFilters("source_class:Nobody;powlaw_gamma:1..x;no_field:a;labelled:yes;powlaw_gamma:..;%E0:1", meta);
  assert.deepEqual([...filters.keys()], ["labelled"]);
  assert.equal(problems.length, 5);
});

test("several filters combine with and, row by row as their words say", () => {
  const cases = ["", "powlaw_gamma:1..3", "powlaw_gamma:2..;source_class:AGN", "powlaw_gamma:..0;labelled:yes", "source_class:unknown", "labelled:no;source_class:AGN|≥ 10,000;powlaw_gamma:-0.2..5"];
  for (const text of cases) {
    const filters = read(text);
    const { standing, shown } = standingOf(filters, meta, (name) => columns[name], null, N + 5);
    let count = 0;
    for (let i = 0; i < N + 5; i += 1) {
      const value = decode(columns.powlaw_gamma[i], gamma);
      const kind = meta.categories[0].values[columns.source_class[i]] ?? "unknown";
      const range = filters.get("powlaw_gamma");
      const slack = 5e-4;
      const sure = !range || !Number.isFinite(value) || [range.low, range.high].every((edge) => edge === null || Math.abs(value - edge) > slack);
      const passes =
        (!range || (value >= (range.low ?? -Infinity) && value <= (range.high ?? Infinity))) &&
        (filters.get("source_class")?.values.includes(kind) ?? true) &&
        (filters.get("labelled")?.values.includes(["no", "yes"][columns.labelled[i]]) ?? true);
      if (sure) assert.equal(standing[i] === SHOWN, passes, `${text} at row ${i}`);
      if (i < N && standing[i] === SHOWN) count += 1;
    }
    assert.equal(shown, count);
  }
});

test("a filter that ends at a source's own value keeps the source", () => {
  for (const code of [0, 17, 40000, TOP]) {
    const value = decode(code, gamma);
    for (const text of [`powlaw_gamma:${value}..`, `powlaw_gamma:..${value}`]) {
      const { standing } = standingOf(read(text), { ...meta, n: 1 }, () => Uint16Array.of(code), null, 1);
      assert.equal(standing[0], SHOWN);
    }
  }
});

test("hidden rows stay hidden whatever the filter", () => {
  const hidden = Uint8Array.from({ length: N + 5 }, (_, i) => i % 2);
  const { standing } = standingOf(read("source_class:AGN"), meta, (name) => columns[name], hidden, N + 5);
  standing.forEach((s, i) => assert.equal(s === HIDDEN, i % 2 === 1));
});

test("drawing order agrees with sorting", () => {
  const levels = Uint16Array.from({ length: N + 5 }, () => (next() < 0.2 ? LEVELS : Math.floor(LEVELS * next())));
  const standing = Uint8Array.from({ length: N + 5 }, () => Math.floor(3 * next()));
  const selected = Uint8Array.from({ length: N }, () => (next() < 0.3 ? 1 : 0));
  for (const [kind, sign] of [["value", 1], ["reverse", -1], ["plain", 0]]) {
    const missing = (i) => (levels[i] === LEVELS ? 0 : 1);
    const rules = [(i) => standing[i], (i) => selected[i] ?? 0, missing, (i) => sign * levels[i], (i) => i];
    const wanted = Array.from({ length: N + 5 }, (_, i) => i).sort((a, b) => {
      for (const rule of rules) if (rule(a) !== rule(b)) return rule(a) - rule(b);
      return 0;
    });
    assert.deepEqual([...drawingOrder(levels, standing, selected, kind)], wanted);
  }
});

test("looks: hidden, faded by filter or by a selection, selected", () => {
  const standing = Uint8Array.of(HIDDEN, DIMMED, SHOWN, SHOWN, SHOWN);
  const selected = Uint8Array.of(1, 1, 1, 0);
  const { plain, faded, selected: chosen, hidden } = LOOKS;
  assert.deepEqual([...looksOf(standing, selected, true).looks], [hidden, faded, chosen, faded, faded]);
  assert.deepEqual([...looksOf(standing, selected, false).looks], [hidden, faded, plain, plain, plain]);
  assert.deepEqual([...looksOf(standing, selected, true).counts], [0, 3, 1, 1]);
});

test("collapsing keeps the observation with most counts, the first of equals, one of each source", () => {
  const objects = Uint32Array.of(0, 1, 0, 2, 1, 0, 3, 3);
  const counts = Uint16Array.of(5, MISSING, 9, MISSING, 3, 9, 7, 7);
  const all = new Objects(objects);
  assert.deepEqual([...all.collapse(counts)], [1, 1, 0, 0, 0, 1, 0, 1]);
  assert.deepEqual([...all.collapse(null)], [0, 0, 1, 0, 1, 1, 0, 1]);
  assert.deepEqual([...all.rowsOf(5)], [0, 2, 5]);
  assert.deepEqual(all.pairs([2, 5, 3, 6], 100), [[2, 0], [2, 5], [6, 7]]);
  assert.equal(all.pairs([2, 6], 1).length, 2);
});

test("a camera comes back from the address, near and far", () => {
  const box = { x: -1, y: -0.6, width: 2, height: 1.2 };
  const home = cameraOf({ x: -1.05, y: -0.65, width: 2.2, height: 1.3 }, 1.7);
  assert.equal(encodeCamera(home, box, 1.7, home), "");
  for (const distance of [0.9, 0.05, 1e-4]) {
    const camera = { x: 0.123456, y: -0.345678, distance };
    const back = decodeCamera(encodeCamera(camera, box, 1.7, home), box, 1.7);
    for (const axis of ["x", "y"]) assert.ok(Math.abs(back[axis] - camera[axis]) < 0.02 * distance);
    assert.ok(Math.abs(back.distance / distance - 1) < 0.01);
  }
  for (const text of ["", undefined, "1,2", "1,2,0", "a,1,1", "1,,1", "0.1,0.2,-3"]) assert.equal(decodeCamera(text, box, 1.7), null);
});

test("the nearest row in the grid is the nearest by search", () => {
  const [x, y] = [0, 1].map(() => Float32Array.from({ length: 3000 }, () => 2.2 * next() - 1.1));
  const standing = Uint8Array.from({ length: 3000 }, () => (next() < 0.5 ? SHOWN : DIMMED));
  const grid = new Grid(x, y);
  for (let k = 0; k < 300; k += 1) {
    const [px, py, radius] = [2.4 * next() - 1.2, 2.4 * next() - 1.2, 0.2 * next()];
    let [best, size] = [null, radius];
    for (let i = 0; i < 3000; i += 1) {
      const d = Math.hypot(x[i] - px, y[i] - py);
      if (standing[i] === SHOWN && d <= size) [best, size] = [i, d];
    }
    assert.equal(grid.nearest(px, py, radius, standing, SHOWN), best);
  }
});

test("crowding is the density where the median point lives", () => {
  const even = Array.from({ length: 10000 }, (_, i) => [((i % 100) + 0.5) / 50 - 1, (Math.floor(i / 100) + 0.5) / 50 - 1]);
  const spread = new Grid(Float32Array.from(even, (p) => p[0]), Float32Array.from(even, (p) => p[1]));
  assert.ok(Math.abs(spread.crowding / 2500 - 1) < 0.3);
  const clumped = new Grid(Float32Array.from(even, (p) => 0.1 * p[0]), Float32Array.from(even, (p) => 0.1 * p[1]));
  assert.ok(clumped.crowding / spread.crowding > 50);
});

test("the small histogram counts everybody with a value, and who is shown", () => {
  const { standing } = standingOf(read("source_class:AGN"), meta, (name) => columns[name], null, N + 5);
  const hist = histogram(columns.powlaw_gamma, N);
  const levels = levelTable(makeStretch("linear", gamma, hist), gamma, hist);
  const { all, shown } = binned(columns.powlaw_gamma, levels, standing, N);
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  let [known, passing] = [0, 0];
  for (let i = 0; i < N; i += 1) {
    if (columns.powlaw_gamma[i] === MISSING) continue;
    known += 1;
    if (columns.source_class[i] === 0) passing += 1;
  }
  assert.deepEqual([sum(all), sum(shown)], [known, passing]);
});
