// Masks, selections and the lasso's code against brute force.
import assert from "node:assert/strict";
import { test } from "node:test";
import { packBits, unpackBits } from "../../../alignlab/ui/frontend/src/bits.js";
import { CORNERS, decodeLasso, encodeLasso, isLassoOf, lassoBox, rowsInside } from "../../../alignlab/ui/frontend/src/lasso_code.js";
import { clipPolygon, distanceToSegment, isInside, simplifyPolygon } from "../../../alignlab/ui/frontend/src/polygon.js";
import { Selection } from "../../../alignlab/ui/frontend/src/selection.js";

const SRC_SEED = 11;

function random(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/** Whether a point lies inside by the angles under which it sees the corners: slow, and nothing like crossings. */
function winds(points, x, y) {
  let turn = 0;
  points.forEach(([ax, ay], k) => {
    const [bx, by] = points[(k + 1) % points.length];
    turn += Math.atan2((ax - x) * (by - y) - (ay - y) * (bx - x), (ax - x) * (bx - x) + (ay - y) * (by - y));
  });
  return Math.abs(turn) > Math.PI;
}

/** A star-shaped outline around [cx, cy] with uneven radii: simple, not convex. */
function star(next, corners, cx, cy, radius) {
  return Array.from({ length: corners }, (_, k) => {
    const r = radius * (0.4 + 0.6 * next());
    const angle = (2 * Math.PI * k) / corners;
    return [cx + r * Math.cos(angle), cy + r * Math.sin(angle)];
  });
}

test("bits have bit i of byte b for row 8 b + i, and come back", () => {
  const mask = new Uint8Array(17);
  for (const i of [0, 9, 15]) mask[i] = 1;
  assert.deepEqual([...Uint8Array.from(atob(packBits(mask)), (c) => c.charCodeAt(0))], [1, 0b10000010, 0]);
  assert.deepEqual(unpackBits(packBits(mask), 17), mask);
  assert.equal(packBits(new Uint8Array(9)), "");
  const next = random(SRC_SEED);
  const many = Uint8Array.from({ length: 100003 }, () => (next() < 0.3 ? 1 : 0));
  assert.deepEqual(unpackBits(packBits(many), many.length), many);
});

test("selections combine as sets do", () => {
  const next = random(3);
  const pick = () => new Set(Array.from({ length: 40 }, () => Math.floor(100 * next())));
  const maskOf = (set) => Uint8Array.from({ length: 100 }, (_, i) => (set.has(i) ? 1 : 0));
  const selection = new Selection(100);
  let wanted = new Set();
  for (let k = 0; k < 30; k += 1) {
    const other = pick();
    const how = ["replace", "add", "remove"][k % 3];
    selection.combine(maskOf(other), how);
    wanted = how === "replace" ? other : how === "add" ? new Set([...wanted, ...other]) : new Set([...wanted].filter((i) => !other.has(i)));
    assert.deepEqual([...selection.rows], [...wanted].sort((a, b) => a - b));
    assert.equal(selection.count, wanted.size);
  }
  const row = selection.rows[0];
  selection.toggle(row);
  assert.equal(selection.has(row), false);
});

test("only a lasso that gives the whole selection is remembered with it", () => {
  const selection = new Selection(4);
  const lasso = { code: "abc" };
  selection.combine(Uint8Array.of(1, 0, 0, 0), "add", lasso);
  assert.equal(selection.lasso, lasso);
  selection.combine(Uint8Array.of(0, 1, 0, 0), "add", lasso);
  assert.equal(selection.lasso, null);
});

test("inside agrees with the winding of the outline", () => {
  const next = random(5);
  for (let k = 0; k < 20; k += 1) {
    const outline = star(next, 5 + k, 0, 0, 1);
    for (let i = 0; i < 300; i += 1) {
      const [x, y] = [3 * next() - 1.5, 3 * next() - 1.5];
      assert.equal(isInside(outline.flat(), x, y), winds(outline, x, y));
    }
  }
});

test("clipping changes nothing inside the rectangle", () => {
  const next = random(6);
  for (let k = 0; k < 30; k += 1) {
    const outline = star(next, 9, 1.6 * next() - 0.3, 1.6 * next() - 0.3, 1);
    const clipped = clipPolygon(outline, [0, 0, 1, 1]);
    for (const [x, y] of clipped) assert.ok(x >= -1e-12 && x <= 1 + 1e-12 && y >= -1e-12 && y <= 1 + 1e-12);
    for (let i = 0; i < 200; i += 1) {
      const [x, y] = [next(), next()];
      assert.equal(clipped.length > 2 && isInside(clipped.flat(), x, y), isInside(outline.flat(), x, y));
    }
  }
});

test("simplifying keeps to its limit, its corners and its tolerance", () => {
  const next = random(7);
  const circle = Array.from({ length: 700 }, (_, k) => [Math.cos(k / 111.41) + 0.002 * next(), Math.sin(k / 111.41)]);
  assert.equal(simplifyPolygon(circle, 48).length, 48);
  const simple = simplifyPolygon(circle, 700, 0.01);
  assert.ok(simple.length < 60);
  for (const corner of simple) assert.ok(circle.includes(corner));
  for (const point of circle) {
    const near = Math.min(...simple.map((corner, k) => distanceToSegment(point, corner, simple[(k + 1) % simple.length])));
    assert.ok(near <= 0.011, `a corner was ${near} away`);
  }
  const square = [[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1], [0.5, 1], [0, 1], [0, 0.5]];
  assert.deepEqual(simplifyPolygon(square, 48, 1e-9), [[0, 0], [1, 0], [1, 1], [0, 1]]);
});

test("a lasso's code gives the sources that were drawn around, near and far", () => {
  const next = random(8);
  const n = 4000;
  const [x, y] = [0, 1].map(() => Float32Array.from({ length: n + 50 }, () => 40 * next() - 13));
  const box = lassoBox(x, y, n);
  const everything = new Uint8Array(n + 50).fill(2);
  for (const radius of [25, 6, 0.8, 0.02]) {
    const outline = star(next, 30, 5, 4, radius);
    const code = encodeLasso(outline, box, "abcdef0123456789");
    assert.ok(isLassoOf(code, "abcdefffffffffff") && !isLassoOf(code, "bbcdef0123456789"));
    assert.ok(code.length <= 7 + 4 * (CORNERS + 2));
    const back = decodeLasso(code, box);
    const mask = rowsInside(back, x, y, n, everything, 2);
    let apart = 0;
    for (let i = 0; i < n; i += 1) apart += mask[i] !== (winds(outline, x[i], y[i]) ? 1 : 0) ? 1 : 0;
    assert.ok(apart <= 0.003 * n, `${apart} sources differ at radius ${radius}`);
    assert.deepEqual(rowsInside(decodeLasso(code, lassoBox(x, y, n)), x, y, n, everything, 2), mask);
  }
});

test("a lasso around everything takes everything, and none that is filtered out", () => {
  const next = random(9);
  const [x, y] = [0, 1].map(() => Float32Array.from({ length: 500 }, () => next()));
  const box = lassoBox(x, y, 500);
  const outline = [[-9, -9], [9, -9], [9, 9], [-9, 9]];
  const standing = Uint8Array.from({ length: 500 }, (_, i) => (i % 3 === 0 ? 1 : 2));
  const mask = rowsInside(decodeLasso(encodeLasso(outline, box, "0123456789"), box), x, y, 500, standing, 2);
  mask.forEach((bit, i) => assert.equal(bit, i % 3 === 0 ? 0 : 1));
});

test("what is no code is refused", () => {
  const box = { x: 0, y: 0, width: 1, height: 1 };
  for (const code of ["", "abcdef", "abcdef.", "abcdef.AAA", "abcdef.AAAAAAAA", "abcdef.AAAAAAAAAAAAAAAA", "abcdef.AA!AAAAAAAAAAAAAAAAA"]) assert.equal(decodeLasso(code, box), null);
  assert.equal(encodeLasso([[5, 5], [6, 5], [6, 6]], box, "abcdef"), "");
});
