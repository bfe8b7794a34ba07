// The wall's pictures against a painter who draws one point after the other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MISSING } from "../../../alignlab/ui/frontend/src/codes.js";
import { LEVELS } from "../../../alignlab/ui/frontend/src/stretch.js";
import { Raster, fadedRows, inks, rankTable } from "../../../alignlab/ui/frontend/src/wall_raster.js";

const [WIDTH, HEIGHT] = [64, 48];
const GREY = "#888888";

function random(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/** Points in a heap, one in five missing; levels run with the codes. */
function heap(n) {
  const next = random(11);
  const [x, y] = [0, 0].map(() => Float32Array.from({ length: n }, () => next() ** 2));
  const codes = Uint16Array.from({ length: n }, () => (next() < 0.2 ? MISSING : Math.floor(next() * MISSING)));
  const levels = Uint16Array.from({ length: MISSING + 1 }, (_, code) => (code === MISSING ? LEVELS : code >> 8));
  return { x, y, codes, levels };
}

const colours = [...Array.from({ length: LEVELS }, (_, k) => `#${k.toString(16).padStart(2, "0")}40c0`), GREY];

/** Red, green and blue as they lie in an image's bytes. */
function channels(number) {
  return [number & 255, (number >> 8) & 255, (number >> 16) & 255];
}

function draw({ x, y, codes, levels }, faded) {
  const raster = new Raster(x, y, WIDTH, HEIGHT);
  const out = new Uint32Array(WIDTH * HEIGHT);
  raster.draw(out, codes, rankTable(levels), inks(colours, "#ffffff"), faded);
  return { raster, out };
}

test("a painter who sorts his points draws the same picture", () => {
  const points = heap(500);
  const faded = Uint8Array.from(points.codes, (_, row) => Number(row % 3 === 0));
  const { raster, out } = draw(points, faded);
  const ink = inks(colours, "#ffffff");
  const height = (row) => [1 - faded[row], points.codes[row] !== MISSING, points.codes[row] === MISSING ? 0 : points.levels[points.codes[row]]].map(Number);
  const rows = [...points.codes.keys()].sort((a, b) => {
    const [p, q] = [height(a), height(b)];
    return p[0] - q[0] || p[1] - q[1] || p[2] - q[2];
  });
  const painted = new Uint32Array(WIDTH * HEIGHT);
  const ranks = rankTable(points.levels);
  for (const row of rows) {
    const [column, line] = raster.place(row);
    const colour = ink[ranks[points.codes[row]] - (faded[row] ? LEVELS + 1 : 0)];
    for (const step of raster.stamp) painted[line * WIDTH + column + step] = colour;
  }
  assert.deepEqual(out, painted);
});

test("one scale for both axes, north up, everything inside", () => {
  const x = Float32Array.of(0, 2, 0, 2);
  const y = Float32Array.of(0, 0, 1, 1);
  const raster = new Raster(x, y, WIDTH, HEIGHT);
  const [a, b, c] = [0, 1, 2].map((row) => raster.place(row));
  assert.ok(Math.abs(b[0] - a[0] - 2 * (a[1] - c[1])) <= 2);
  assert.ok(c[1] < a[1], "larger y is higher up");
  const { raster: full, out } = draw(heap(2000), null);
  assert.ok(full.pixels.every((pixel) => pixel < out.length));
  const rim = [...out.keys()].filter((p) => p < WIDTH || p >= WIDTH * (HEIGHT - 1) || p % WIDTH === 0 || p % WIDTH === WIDTH - 1);
  assert.ok(rim.every((p) => out[p] === 0), "no point is cut or comes back on the other side");
});

test("missing is grey, faded is nearer to the ground, nothing is transparent or in between", () => {
  const x = Float32Array.of(0, 1, 2);
  const y = Float32Array.of(0, 0, 0);
  const levels = heap(1).levels;
  const codes = Uint16Array.of(MISSING, 200 << 8, 200 << 8);
  const { raster, out } = draw({ x, y, codes, levels }, Uint8Array.of(0, 0, 1));
  const at = (row) => {
    const [column, line] = raster.place(row);
    return channels(out[line * WIDTH + column]);
  };
  assert.deepEqual(at(0), [0x88, 0x88, 0x88]);
  assert.deepEqual(at(1), [200, 0x40, 0xc0]);
  assert.deepEqual(at(2), [200, 0x40, 0xc0].map((v) => Math.round(0.22 * v + 0.78 * 255)));
  assert.equal(out.filter((pixel) => pixel === 0).length + out.filter((pixel) => pixel >>> 24 === 255).length, out.length);
});

test("filtered and unselected rows fade", () => {
  assert.equal(fadedRows(4, [], null), null);
  assert.deepEqual([...fadedRows(4, [1, 3], null)], [1, 0, 1, 0]);
  assert.deepEqual([...fadedRows(4, [], Uint8Array.of(1, 0, 1))], [0, 1, 0, 0], "rows beyond the filter pass");
  assert.deepEqual([...fadedRows(4, [1, 3], Uint8Array.of(1, 0, 1, 1))], [1, 1, 1, 0]);
});

test("the pointer finds the nearest source, or none", () => {
  const raster = new Raster(Float32Array.of(0, 1), Float32Array.of(0, 1), WIDTH, HEIGHT);
  const [column, line] = raster.place(1);
  assert.equal(raster.nearest(column + 2, line - 1, 4), 1);
  assert.equal(raster.nearest(WIDTH / 2, HEIGHT / 2, 4), null);
});

test("points at one place are drawn in the middle", () => {
  const { raster, out } = draw({ ...heap(3), x: Float32Array.of(5, 5, 5), y: Float32Array.of(2, 2, 2) }, null);
  assert.deepEqual(raster.place(0), [WIDTH / 2, HEIGHT / 2]);
  assert.ok(out.some((pixel) => pixel !== 0));
});
