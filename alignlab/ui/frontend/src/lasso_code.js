// A lasso as a short text for the address. The selection is computed from the text, so that the link gives the same sources.
//
// `<geometry, 6 characters>.<corners>`: a corner is two numbers 0-4095 as four base64url characters. The first two corners
// are a window on the map's box (with a margin), the others lie within that window: a lasso drawn far zoomed in stays exact.
import { clipPolygon, isInside, simplifyPolygon } from "./polygon.js";

export const CORNERS = 48;
const TOP = 4095;
const MARGIN = 1 / 64;
/** Of 4095 parts of the window: less than a pixel as it was drawn. */
const TOLERANCE = 3;
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The box that codes refer to: that of the survey's own rows and a margin, so that no point lies on its edge. */
export function lassoBox(x, y, n) {
  const [left, right] = extent(x, n);
  const [bottom, top] = extent(y, n);
  const [mx, my] = [MARGIN * (right - left || 1), MARGIN * (top - bottom || 1)];
  return { x: left - mx, y: bottom - my, width: right - left + 2 * mx, height: top - bottom + 2 * my };
}

/** The code of a drawn outline ([x, y] in the map's coordinates); "" where nothing of it lies on the map. */
export function encodeLasso(points, box, geometry) {
  const unit = points.map(([x, y]) => [((x - box.x) / box.width) * TOP, ((y - box.y) / box.height) * TOP]);
  const clipped = clipPolygon(unit, [0, 0, TOP, TOP]);
  if (clipped.length < 3) return "";
  const window = windowOf(clipped);
  const [x0, y0, x1, y1] = window;
  const scaled = clipped.map(([x, y]) => [(TOP * (x - x0)) / (x1 - x0), (TOP * (y - y0)) / (y1 - y0)]);
  const corners = simplifyPolygon(scaled, CORNERS, TOLERANCE).flat();
  return `${geometry.slice(0, 6)}.${[...window, ...corners].map(digitPair).join("")}`;
}

/** The outline of a code as flat corners in the map's coordinates, or null where it is none. */
export function decodeLasso(code, box) {
  const numbers = readNumbers(code);
  if (!numbers || numbers.length < 10) return null;
  const [x0, y0, x1, y1] = numbers;
  const outline = new Float64Array(numbers.length - 4);
  for (let k = 0; k < outline.length; k += 2) {
    outline[k] = box.x + ((x0 + (numbers[k + 4] / TOP) * (x1 - x0)) / TOP) * box.width;
    outline[k + 1] = box.y + ((y0 + (numbers[k + 5] / TOP) * (y1 - y0)) / TOP) * box.height;
  }
  return outline;
}

export function isLassoOf(code, geometry) {
  return code.slice(0, 7) === `${geometry.slice(0, 6)}.`;
}

/** Mask of the first `n` rows that lie inside an outline (flat corners) and for which `eligible` holds `allowed`. */
export function rowsInside(outline, x, y, n, eligible, allowed) {
  const mask = new Uint8Array(n);
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let k = 0; k < outline.length; k += 2) {
    [left, right] = [Math.min(left, outline[k]), Math.max(right, outline[k])];
    [bottom, top] = [Math.min(bottom, outline[k + 1]), Math.max(top, outline[k + 1])];
  }
  for (let i = 0; i < n; i += 1) {
    if (eligible[i] !== allowed || x[i] < left || x[i] > right || y[i] < bottom || y[i] > top) continue;
    if (isInside(outline, x[i], y[i])) mask[i] = 1;
  }
  return mask;
}

function windowOf(points) {
  const xs = points.map((p) => p[0]);
  const ys = points.map((p) => p[1]);
  const span = (values) => {
    const low = Math.min(TOP - 1, Math.floor(Math.min(...values)));
    return [low, Math.max(low + 1, Math.ceil(Math.max(...values)))];
  };
  const [x0, x1] = span(xs);
  const [y0, y1] = span(ys);
  return [x0, y0, x1, y1];
}

function digitPair(value) {
  const whole = Math.max(0, Math.min(TOP, Math.round(value)));
  return DIGITS[whole >> 6] + DIGITS[whole & 63];
}

function readNumbers(code) {
  const match = /^[^.]{1,6}\.((?:[\w-]{4})+)$/.exec(code);
  if (!match) return null;
  const digits = match[1];
  return Array.from({ length: digits.length / 2 }, (_, k) => 64 * DIGITS.indexOf(digits[2 * k]) + DIGITS.indexOf(digits[2 * k + 1]));
}

function extent(values, n) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < n; i += 1) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return [low, high];
}
