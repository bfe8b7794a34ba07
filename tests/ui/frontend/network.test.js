// The network's edges as a field of density, and who is joined to whom, against brute force.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Density, visiblePart } from "../../../alignlab/ui/frontend/src/network/density.js";
import { Graph } from "../../../alignlab/ui/frontend/src/network/graph.js";
import { nodeRadius } from "../../../alignlab/ui/frontend/src/network/nodes.js";
import { keyAction } from "../../../alignlab/ui/frontend/src/network/tools.js";

function random(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

function sum(field) {
  return field.sums.reduce((total, v) => total + v, 0);
}

function table(columns) {
  return { numRows: Object.values(columns)[0].length, getChild: (name) => ({ toArray: () => columns[name] }) };
}

test("what is seen of a line is what a fine walk along it finds inside", () => {
  const next = random(2);
  const [right, bottom] = [100, 60];
  for (let k = 0; k < 400; k += 1) {
    const [x0, x1] = [0, 1].map(() => 300 * next() - 100);
    const [y0, y1] = [0, 1].map(() => 240 * next() - 90);
    const inside = [];
    for (let t = 0; t <= 1; t += 0.0005) {
      const [x, y] = [x0 + t * (x1 - x0), y0 + t * (y1 - y0)];
      if (x >= 0 && x <= right && y >= 0 && y <= bottom) inside.push(t);
    }
    const part = visiblePart(x0, y0, x1, y1, right, bottom);
    if (inside.length === 0) assert.ok(part === null || part[1] - part[0] < 0.001);
    else {
      assert.ok(Math.abs(part[0] - inside[0]) < 0.001);
      assert.ok(Math.abs(part[1] - inside.at(-1)) < 0.001);
    }
  }
});

test("a line lays its weight once on every column or row that it crosses, around where it is", () => {
  const next = random(3);
  for (let k = 0; k < 200; k += 1) {
    const field = new Density(80, 50);
    const [x0, x1] = [0, 1].map(() => 1 + 76 * next());
    const [y0, y1] = [0, 1].map(() => 1 + 46 * next());
    field.line(x0, y0, x1, y1, 0.5);
    const isFlat = Math.abs(x1 - x0) >= Math.abs(y1 - y0);
    const [from, to] = isFlat ? [x0, x1] : [y0, y1];
    const crossed = Math.floor(Math.max(from, to)) - Math.ceil(Math.min(from, to)) + 1;
    assert.ok(Math.abs(sum(field) - 0.5 * crossed) < 1e-3);
    for (let pixel = 0; pixel < field.sums.length; pixel += 1) {
      if (field.sums[pixel] === 0) continue;
      const [x, y] = [pixel % 80, Math.floor(pixel / 80)];
      const off = Math.abs((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) / Math.hypot(x1 - x0, y1 - y0);
      assert.ok(off < 1.5, `ink ${off} pixels away`);
    }
  }
});

test("lines may leave the picture on all sides", () => {
  const next = random(4);
  const field = new Density(40, 30);
  for (let k = 0; k < 3000; k += 1) field.line(...[0, 1, 2, 3].map(() => 400 * next() - 180), 1);
  assert.ok(field.sums.every((v) => Number.isFinite(v) && v >= 0));
  assert.ok(sum(field) > 1000);
  field.line(-10, -10, -1, 50, 1);
  field.clear();
  assert.equal(sum(field), 0);
});

test("more lines give more ink, and one line is seen beside a bundle of thousands", () => {
  const field = new Density(60, 40);
  field.line(2, 5, 57, 5, 1);
  for (let k = 0; k < 5000; k += 1) field.line(2, 20, 57, 20, 1);
  const out = new Uint8ClampedArray(4 * field.sums.length);
  field.ink(out, [1, 0, 0.5], 0.6, field.full);
  const at = (x, y) => [...out.subarray(4 * (60 * y + x), 4 * (60 * y + x) + 4)];
  assert.deepEqual(at(30, 20).slice(0, 3), [255, 0, 128]);
  assert.ok(at(30, 20)[3] > 0.55 * 255 && at(30, 20)[3] <= 0.6 * 255);
  assert.ok(at(30, 5)[3] > 8 && at(30, 5)[3] < at(30, 20)[3]);
  assert.equal(at(30, 30)[3], 0);
});

test("neighbours are the other ends of a node's edges", () => {
  const next = random(5);
  const n = 40;
  const [first, second] = [new Uint16Array(150), new Uint16Array(150)];
  const joined = Array.from({ length: n }, () => []);
  for (let e = 0; e < first.length; e += 1) {
    [first[e], second[e]] = [Math.floor(n * next()), Math.floor(n * next())];
    joined[first[e]].push(second[e]);
    joined[second[e]].push(first[e]);
  }
  const x = Float32Array.from({ length: n }, () => 5 + 3 * next());
  const y = Float32Array.from({ length: n }, () => 1 + next());
  const graph = new Graph(table({ x, y }), table({ first, second, weight: new Uint8Array(150) }), {});
  for (let i = 0; i < n; i += 1) assert.deepEqual([...graph.neighbours(i)].sort((a, b) => a - b), joined[i].sort((a, b) => a - b));
  for (const [v, axis] of [[graph.x, "x"], [graph.y, "y"]]) assert.ok(v.every((value) => Math.abs(value) <= 1 + 1e-6), axis);
  assert.ok(Math.abs(Math.max(...graph.x) - 1) < 1e-6 && Math.abs(Math.min(...graph.x) + 1) < 1e-6);
  const { frame } = graph;
  assert.ok(frame.x < -1 && frame.x + frame.width > 1 && frame.height < frame.width);
});

test("a graph without nodes or edges stands", () => {
  const nothing = table({ first: new Uint16Array(0), second: new Uint16Array(0), weight: new Uint8Array(0) });
  const graph = new Graph(table({ x: new Float32Array([0.5]), y: new Float32Array([0.5]) }), nothing, {});
  assert.equal(graph.size, 0);
  assert.equal(graph.neighbours(0).length, 0);
});

test("nodes shrink with their number and grow slowly with nearness, within limits", () => {
  const size = { width: 900, height: 600 };
  const at = (n, magnified) => nodeRadius(n, size, magnified);
  assert.ok(at(50, 1) >= at(2000, 1) && at(2000, 1) > at(20_000, 1));
  assert.ok(at(5000, 8) > at(5000, 1) && at(5000, 8) < 8 * at(5000, 1));
  for (const n of [1, 300, 1e6]) for (const magnified of [0.5, 1, 400]) assert.ok(at(n, magnified) >= 1.9 && at(n, magnified) <= 7);
});

test("keys do what the list says, and leave the browser's own alone", () => {
  const done = [];
  const network = {
    stage: { mode: "panZoom", home: "home", middleRow: 4, pan: (by) => done.push(["pan", by]), zoom: (by) => done.push(["zoom", by]), look: (where) => done.push(["look", where]) },
    tools: { hint: { hidden: true } },
    setMode: (mode) => done.push(["mode", mode]),
    take: (row) => done.push(["take", row]),
    clear: () => done.push(["clear"]),
  };
  for (const key of ["ArrowLeft", "+", "0", "l", "Enter", "Escape", "?", "Escape"]) keyAction({ key })(network);
  assert.deepEqual(done.map(([what]) => what), ["pan", "zoom", "look", "mode", "take", "clear"]);
  assert.equal(network.tools.hint.hidden, true);
  assert.equal(keyAction({ key: "l", ctrlKey: true }), null);
  assert.equal(keyAction({ key: "x" }), null);
});
