// Which point is drawn above which, and how each looks: all of it in two passes over typed arrays, whatever the number.
import { LEVELS } from "./stretch.js";

export const ORDERS = ["value", "reverse", "plain"];
/** Whether a row is hidden, filtered out or shown. */
export const HIDDEN = 0;
export const DIMMED = 1;
export const SHOWN = 2;
/** How a point looks: the index of its size and opacity, and the bank of its colour. */
export const LOOKS = { plain: 0, faded: 1, selected: 2, hidden: 3 };
const KEYS = LEVELS + 1;

/**
 * Rows from the lowest to the highest: hidden, filtered out, shown, selected; within each the missing ones lowest.
 *
 * @param {Uint16Array} levels colour level of each row, LEVELS where it has no value
 * @param {Uint8Array} standing HIDDEN, DIMMED or SHOWN for each row
 * @param {Uint8Array} selected mask of the survey's own rows
 * @param {"value"|"reverse"|"plain"} kind high values above, low values above, or as they come
 */
export function drawingOrder(levels, standing, selected, kind) {
  const n = levels.length;
  const rank = new Uint16Array(KEYS);
  for (let level = 0; level < LEVELS; level += 1) rank[level] = kind === "value" ? level + 1 : kind === "reverse" ? LEVELS - level : 1;
  const places = new Uint32Array(6 * KEYS + 1);
  const key = (i) => (2 * standing[i] + (selected[i] ?? 0)) * KEYS + rank[levels[i]];
  for (let i = 0; i < n; i += 1) places[key(i) + 1] += 1;
  for (let k = 1; k < places.length; k += 1) places[k] += places[k - 1];
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i += 1) order[places[key(i)]++] = i;
  return order;
}

/** How each row looks, and how many look so. */
export function looksOf(standing, selected, anySelected) {
  const looks = new Uint8Array(standing.length);
  const counts = new Uint32Array(4);
  for (let i = 0; i < looks.length; i += 1) {
    if (standing[i] === HIDDEN) looks[i] = LOOKS.hidden;
    else if (standing[i] === DIMMED) looks[i] = LOOKS.faded;
    else if (!anySelected) looks[i] = LOOKS.plain;
    else looks[i] = selected[i] ? LOOKS.selected : LOOKS.faded;
    counts[looks[i]] += 1;
  }
  return { looks, counts };
}
