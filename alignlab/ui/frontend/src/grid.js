// Points sorted into square cells: the nearest one to the pointer, and how crowded the map really is.

const PER_CELL = 4;
const CROWD_CELLS = 96;

export class Grid {
  /** Coordinates are those of Points, within [-1, 1]. */
  constructor(x, y) {
    [this.x, this.y] = [x, y];
    this.side = Math.max(1, Math.min(1024, Math.ceil(Math.sqrt(x.length / PER_CELL))));
    const cells = this.side * this.side;
    this.starts = new Uint32Array(cells + 1);
    const cellOf = new Uint32Array(x.length);
    for (let i = 0; i < x.length; i += 1) {
      cellOf[i] = this.column(y[i]) * this.side + this.column(x[i]);
      this.starts[cellOf[i] + 1] += 1;
    }
    for (let c = 0; c < cells; c += 1) this.starts[c + 1] += this.starts[c];
    const next = this.starts.slice();
    this.rows = new Uint32Array(x.length);
    for (let i = 0; i < x.length; i += 1) this.rows[next[cellOf[i]]++] = i;
  }

  column(v) {
    return Math.max(0, Math.min(this.side - 1, Math.floor(((v + 1) / 2) * this.side)));
  }

  /** The row nearest to [x, y] within `radius` for which `standing` is `wanted`; null where there is none. */
  nearest(x, y, radius, standing, wanted) {
    let [best, size] = [null, radius * radius];
    const [left, right] = [this.column(x - radius), this.column(x + radius)];
    const [bottom, top] = [this.column(y - radius), this.column(y + radius)];
    for (let line = bottom; line <= top; line += 1) {
      const stop = this.starts[line * this.side + right + 1];
      for (let k = this.starts[line * this.side + left]; k < stop; k += 1) {
        const row = this.rows[k];
        if (standing[row] !== wanted) continue;
        const d = (this.x[row] - x) ** 2 + (this.y[row] - y) ** 2;
        if (d <= size) [best, size] = [row, d];
      }
    }
    return best;
  }

  /** Points per unit of area where the median point lives. */
  get crowding() {
    this.crowd ??= crowding(this.x, this.y);
    return this.crowd;
  }
}

function crowding(x, y) {
  const side = Math.min(CROWD_CELLS, Math.max(4, Math.ceil(Math.sqrt(x.length) / 2)));
  const counts = new Uint32Array(side * side);
  const column = (v) => Math.max(0, Math.min(side - 1, Math.floor(((v + 1) / 2) * side)));
  for (let i = 0; i < x.length; i += 1) counts[column(y[i]) * side + column(x[i])] += 1;
  counts.sort();
  let seen = 0;
  for (const count of counts) {
    seen += count;
    if (2 * seen >= x.length) return (count * side * side) / 4;
  }
  return x.length / 4;
}
