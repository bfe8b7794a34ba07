// The graph in the browser: columns of its nodes, ends and weights of its drawn edges, and who is joined to whom.

export class Graph {
  /** @param {object} nodes Arrow table with x, y  @param {object} edges Arrow table with first, second, weight (0-255) */
  constructor(nodes, edges, meta) {
    this.meta = meta;
    this.n = nodes.numRows;
    this.nodes = nodes;
    this.place(nodes.getChild("x").toArray(), nodes.getChild("y").toArray());
    this.first = edges.getChild("first").toArray();
    this.second = edges.getChild("second").toArray();
    this.weight = edges.getChild("weight").toArray();
    this.join();
  }

  get size() {
    return this.first.length;
  }

  column(name) {
    return this.nodes.getChild(name).toArray();
  }

  /** The longer half of the drawing becomes 1. */
  place(x, y) {
    const [left, right] = extent(x);
    const [bottom, top] = extent(y);
    const half = Math.max(right - left, top - bottom) / 2 || 1;
    this.x = x.map((v) => (v - (left + right) / 2) / half);
    this.y = y.map((v) => (v - (bottom + top) / 2) / half);
    const [w, h] = [(right - left) / half || 1e-3, (top - bottom) / half || 1e-3];
    // A little air around the drawing, and more on the right, where the tools are.
    this.frame = { x: -w / 2 - 0.05, y: -h / 2 - 0.06, width: w + 0.18, height: h + 0.12 };
  }

  join() {
    const { n, first, second } = this;
    this.starts = new Uint32Array(n + 1);
    for (let e = 0; e < first.length; e += 1) {
      this.starts[first[e] + 1] += 1;
      this.starts[second[e] + 1] += 1;
    }
    for (let i = 0; i < n; i += 1) this.starts[i + 1] += this.starts[i];
    const next = this.starts.slice();
    this.others = new Uint32Array(2 * first.length);
    for (let e = 0; e < first.length; e += 1) {
      this.others[next[first[e]]++] = second[e];
      this.others[next[second[e]]++] = first[e];
    }
  }

  /** Rows that are joined to a row by a drawn edge. */
  neighbours(row) {
    return this.others.subarray(this.starts[row], this.starts[row + 1]);
  }
}

function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return values.length > 0 ? [low, high] : [0, 0];
}
