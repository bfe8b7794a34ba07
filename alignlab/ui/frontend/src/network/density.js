// Many thin lines as one field of density: each pixel holds how much of lines crosses it, and its ink follows from that.
//
// Two hundred thousand strokes with one opacity are either invisible alone or black together. Summed first and inked by the
// logarithm of the sum, a single line stays visible and a bundle keeps its shape.

const BUCKETS = 256;
/** Buckets cover sums up to e^STEPS. */
const STEPS = 14;
/** So many lines over one another are always told apart, however sparse the rest is. */
const LEAST_FULL = 3;

export class Density {
  constructor(width, height) {
    [this.width, this.height] = [Math.max(2, Math.floor(width)), Math.max(2, Math.floor(height))];
    this.sums = new Float32Array(this.width * this.height);
  }

  clear() {
    this.sums.fill(0);
  }

  /** Adds a line between two places in pixels; what lies outside is left out. */
  line(x0, y0, x1, y1, weight) {
    const part = visiblePart(x0, y0, x1, y1, this.width - 1.01, this.height - 1.01);
    if (part === null) return;
    const [dx, dy] = [x1 - x0, y1 - y0];
    const [from, to] = part;
    if (Math.abs(dx) >= Math.abs(dy)) this.run(x0 + from * dx, y0 + from * dy, x0 + to * dx, y0 + to * dy, 1, this.width, weight);
    else this.run(y0 + from * dy, x0 + from * dx, y0 + to * dy, x0 + to * dx, this.width, 1, weight);
  }

  /** One step per pixel along the longer axis, shared between the two pixels across it. */
  run(a0, b0, a1, b1, strideAlong, strideAcross, weight) {
    if (a1 < a0) [a0, b0, a1, b1] = [a1, b1, a0, b0];
    const { sums } = this;
    const first = Math.ceil(a0);
    const last = Math.floor(a1);
    const slope = a1 > a0 ? (b1 - b0) / (a1 - a0) : 0;
    let b = b0 + (first - a0) * slope;
    for (let a = first; a <= last; a += 1, b += slope) {
      const near = b | 0;
      const share = (b - near) * weight;
      const pixel = a * strideAlong + near * strideAcross;
      sums[pixel] += weight - share;
      sums[pixel + strideAcross] += share;
    }
  }

  /** The sum that gets full ink: exceeded by one in a hundred of the pixels that have any. */
  get full() {
    const counts = new Uint32Array(BUCKETS);
    let some = 0;
    for (const sum of this.sums) {
      if (sum < 0.02) continue;
      counts[Math.min(BUCKETS - 1, Math.floor((Math.log1p(sum) * BUCKETS) / STEPS))] += 1;
      some += 1;
    }
    let above = 0;
    for (let bucket = BUCKETS - 1; bucket > 0; bucket -= 1) {
      above += counts[bucket];
      if (100 * above >= some) return Math.max(LEAST_FULL, Math.expm1((bucket * STEPS) / BUCKETS));
    }
    return LEAST_FULL;
  }

  /**
   * Writes every pixel's ink into `out`, as ImageData holds it.
   *
   * @param {Uint8ClampedArray} out four numbers a pixel
   * @param {number[]} rgb in 0-1
   * @param {number} most opacity of the densest places, 0-1
   * @param {number} full the sum that gets it
   */
  ink(out, rgb, most, full) {
    const [red, green, blue] = rgb.map((v) => Math.round(255 * v));
    const unit = (255 * most) / Math.log1p(full);
    for (let pixel = 0, k = 0; pixel < this.sums.length; pixel += 1, k += 4) {
      const sum = this.sums[pixel];
      out[k] = red;
      out[k + 1] = green;
      out[k + 2] = blue;
      out[k + 3] = sum > 0 ? Math.min(255 * most, unit * Math.log1p(sum)) : 0;
    }
  }
}

/** From where to where (shares of its length) a line lies within [0, right] × [0, bottom]; null where it does not. Liang & Barsky 1984. */
export function visiblePart(x0, y0, x1, y1, right, bottom) {
  let [from, to] = [0, 1];
  const [dx, dy] = [x1 - x0, y1 - y0];
  const sides = [-dx, x0, dx, right - x0, -dy, y0, dy, bottom - y0];
  for (let k = 0; k < 8; k += 2) {
    const [step, room] = [sides[k], sides[k + 1]];
    if (step === 0) {
      if (room < 0) return null;
    } else if (step < 0) from = Math.max(from, room / step);
    else to = Math.min(to, room / step);
  }
  return from <= to ? [from, to] : null;
}
