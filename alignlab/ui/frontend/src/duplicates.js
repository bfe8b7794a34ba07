// Several observations of one source: which rows belong together.

export const DUPLICATES = ["each", "linked", "collapsed"];

export class Objects {
  /** `objects` gives each row its source's number. */
  constructor(objects) {
    this.objects = objects;
    let most = 0;
    for (let i = 0; i < objects.length; i += 1) if (objects[i] > most) most = objects[i];
    this.starts = new Uint32Array(most + 2);
    for (let i = 0; i < objects.length; i += 1) this.starts[objects[i] + 1] += 1;
    for (let k = 0; k <= most; k += 1) this.starts[k + 1] += this.starts[k];
    const next = this.starts.slice();
    this.members = new Uint32Array(objects.length);
    for (let i = 0; i < objects.length; i += 1) this.members[next[objects[i]]++] = i;
  }

  /** The rows of the same source as `row`, itself included. */
  rowsOf(row) {
    const object = this.objects[row];
    return this.members.subarray(this.starts[object], this.starts[object + 1]);
  }

  /**
   * Mask of the rows to leave out so that each source shows once, by its observation with most counts (the first of equals).
   *
   * @param {Uint16Array|null} counts coded counts, 65535 where unknown
   */
  collapse(counts) {
    const hidden = new Uint8Array(this.objects.length);
    const worth = (row) => (!counts || counts[row] === 65535 ? -1 : counts[row]);
    for (let k = 0; k + 1 < this.starts.length; k += 1) {
      let best = this.members[this.starts[k]];
      for (let j = this.starts[k] + 1; j < this.starts[k + 1]; j += 1) {
        const row = this.members[j];
        if (worth(row) > worth(best)) best = row;
      }
      for (let j = this.starts[k]; j < this.starts[k + 1]; j += 1) hidden[this.members[j]] = this.members[j] === best ? 0 : 1;
    }
    return hidden;
  }

  /** Pairs of rows to join by a line: each of `rows` with the other observations of its source, at most `limit` pairs. */
  pairs(rows, limit) {
    const found = [];
    const done = new Set();
    for (const row of rows) {
      const object = this.objects[row];
      if (done.has(object)) continue;
      done.add(object);
      for (const other of this.rowsOf(row)) if (other !== row) found.push([row, other]);
      if (found.length >= limit) return found;
    }
    return found;
  }
}
