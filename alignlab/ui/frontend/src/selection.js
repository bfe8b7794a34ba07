// Which of the survey's own rows are selected, and how that came about.
import { countSet, packBits, unpackBits } from "./bits.js";

export class Selection {
  constructor(n) {
    this.put(new Uint8Array(n));
  }

  put(mask, lasso = null) {
    this.mask = mask;
    this.count = countSet(mask);
    /** The lasso that gives exactly this selection: its code and what was shown then; null where there is none. */
    this.lasso = this.count > 0 ? lasso : null;
    this.cachedRows = null;
    this.cachedCode = null;
  }

  has(row) {
    return this.mask[row] === 1;
  }

  clear() {
    this.put(new Uint8Array(this.mask.length));
  }

  /** Takes a mask in place of the selection, or adds it, or takes it away. */
  combine(mask, how, lasso = null) {
    if (how === "replace" || (how === "add" && this.count === 0)) {
      this.put(mask, lasso);
      return;
    }
    const next = this.mask.slice();
    if (how === "add") for (let i = 0; i < next.length; i += 1) next[i] |= mask[i];
    else for (let i = 0; i < next.length; i += 1) next[i] &= 1 - mask[i];
    this.put(next);
  }

  toggle(row) {
    const next = this.mask.slice();
    next[row] = 1 - next[row];
    this.put(next);
  }

  /** The selected rows in ascending order. */
  get rows() {
    if (!this.cachedRows) {
      this.cachedRows = new Uint32Array(this.count);
      let k = 0;
      for (let i = 0; k < this.count; i += 1) if (this.mask[i]) this.cachedRows[k++] = i;
    }
    return this.cachedRows;
  }

  /** Base64 bitset, "" for none. */
  get code() {
    this.cachedCode ??= this.count > 0 ? packBits(this.mask) : "";
    return this.cachedCode;
  }

  set code(text) {
    this.put(unpackBits(text, this.mask.length));
  }
}
