// Where everything of a figure goes, worked out before anything is drawn: the same for PNG, SVG and PDF.
import { formatCount } from "../format.js";

/** Width of every figure in its own units; a PNG has two pixels for each. */
export const WIDTH = 1200;
const MARGIN = 40;
const GAP = 24;
const TALLEST = 1100;
const BAR = { width: 460, height: 14 };
export const SIZES = { title: 24, legend: 17, tick: 15, name: 15, caption: 15 };

/**
 * Lays a picture out.
 *
 * @param {object} picture see `exportFigure`
 * @param {(words: string, size: number, bold: boolean) => number} measure width of words in a pen's font
 * @returns {{width, height, panels, legend, keys, caption}} panels have {x, y, width, height, titleAt, place, inside};
 *   the rest are lists of things at places; y grows downwards, texts stand on their y
 */
export function layOut(picture, measure) {
  const panels = placePanels(picture.maps);
  const under = Math.max(...panels.map((panel) => panel.y + panel.height));
  const legend = picture.legend.kind === "variable" ? placeBar(picture.legend, under + 34, measure) : placeClasses(picture.legend, under + 34, measure);
  const keys = placeKeys(picture, legend.bottom, measure);
  const lines = wrap(picture.caption, WIDTH - 2 * MARGIN, (words) => measure(words, SIZES.caption, false));
  const caption = lines.map((words, k) => ({ x: MARGIN, y: keys.bottom + 34 + 21 * k, words }));
  return { width: WIDTH, height: Math.ceil(keys.bottom + 34 + 21 * lines.length + 12), panels, legend, keys: keys.items, caption };
}

function placePanels(maps) {
  const room = (WIDTH - 2 * MARGIN - GAP * (maps.length - 1)) / maps.length;
  return maps.map((map, k) => {
    const height = Math.min(TALLEST, room / map.aspect);
    const width = Math.min(room, height * map.aspect);
    const [x, y] = [MARGIN + k * (room + GAP) + (room - width) / 2, 64];
    const [x0, y0, x1, y1] = map.view;
    const scale = Math.min(width / (x1 - x0), height / (y1 - y0));
    const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
    const place = (row) => [x + width / 2 + (map.x[row] - cx) * scale, y + height / 2 - (map.y[row] - cy) * scale];
    const inside = ([px, py], reach = 0) => px > x - reach && px < x + width + reach && py > y - reach && py < y + height + reach;
    return { x, y, width, height, titleAt: [x, 46], place, inside };
  });
}

/** A colour bar under its label, with those ticks that do not touch each other. */
function placeBar({ label, unit, ticks, missing, n, missingColour }, top, measure) {
  const x = MARGIN;
  const bar = { x, y: top + 12, ...BAR };
  let end = -Infinity;
  const marks = [];
  for (const { at, text } of ticks.filter((tick) => tick.at >= -0.001 && tick.at <= 1.001)) {
    const half = measure(text, SIZES.tick, false) / 2;
    const centre = x + at * BAR.width;
    if (centre - half < end + 10) continue;
    marks.push({ x: centre, y: bar.y + BAR.height, words: text });
    end = centre + half;
  }
  const [left, y] = [x + BAR.width + 44, bar.y + BAR.height - 1];
  const chips = missing > 0 ? [{ x: left, y, colour: missingColour, name: `missing (n = ${formatCount(missing)})` }] : [];
  const after = chips.length > 0 ? left + 44 + measure(chips[0].name, SIZES.legend, false) : left;
  const count = { x: after, y, words: `n = ${formatCount(n - missing)}${missing > 0 ? ` of ${formatCount(n)}` : ""}` };
  return { title: { x, y: top, label, unit }, bar, marks, chips, count, bottom: bar.y + BAR.height + 26 };
}

/** Classes with their numbers, in as many lines as they need. */
function placeClasses({ label, n, missing, missingName = "not classified", missingColour, entries }, top, measure) {
  const all = missing > 0 ? [...entries, { name: missingName, colour: missingColour, count: missing }] : entries;
  const chips = [];
  let [x, y] = [MARGIN, top + 30];
  for (const { name, colour, count } of all) {
    const number = formatCount(count);
    const width = 20 + measure(`${name} ${number}`, SIZES.legend, false) + 26;
    if (x + width > WIDTH - MARGIN && x > MARGIN) [x, y] = [MARGIN, y + 26];
    chips.push({ x, y, colour, name, number });
    x += width;
  }
  const count = { x: MARGIN + measure(`${label}  `, SIZES.legend, true), y: top, words: `n = ${formatCount(n)}` };
  return { title: { x: MARGIN, y: top, label, unit: "" }, bar: null, marks: [], chips, count, bottom: y };
}

/** What diamonds, rings and faded points mean, where there are any. */
function placeKeys({ selected, marks, nameOf, faded }, top, measure) {
  const wanted = marks.overlays.map(({ survey, start, stop }) => ({ mark: "diamond", words: `${survey}, n = ${formatCount(stop - start)}` }));
  if (marks.pick !== null) wanted.push({ mark: "ring", words: marks.neighbours.length > 0 ? `${nameOf(marks.pick)} and its neighbours` : nameOf(marks.pick) });
  if (selected.length > 0) wanted.push({ mark: null, words: `${formatCount(selected.length)} selected, the others faded` });
  else if (faded) wanted.push({ mark: null, words: "faded: filtered out" });
  const items = [];
  let [x, y] = [MARGIN, top + 30];
  for (const { mark, words } of wanted) {
    const width = (mark ? 24 : 0) + measure(words, SIZES.legend, false) + 30;
    if (x + width > WIDTH - MARGIN && x > MARGIN) [x, y] = [MARGIN, y + 26];
    items.push({ mark, x, y, words });
    x += width;
  }
  return { items, bottom: items.length > 0 ? y : top };
}

/** Breaks words into lines no wider than `room`; a word that is wider has a line of its own. */
export function wrap(words, room, measure) {
  const lines = [];
  for (const word of words.split(/\s+/).filter(Boolean)) {
    const longer = lines.length > 0 ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines.length > 0 && measure(longer) <= room) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/**
 * Places for names beside their marks: right, else left, above or below; none where all four are taken.
 *
 * @param {{name: string, x: number, y: number}[]} marks
 * @param {{x: number, y: number}[]} others marks without names, to be kept free
 * @param {{x, y, width, height}} panel
 * @returns {{name, x, y}[]} left end and middle of each name that has room
 */
export function placeNames(marks, others, panel, measure, height, reach) {
  const taken = [...marks, ...others].map(({ x, y }) => [x - reach, y - reach, x + reach, y + reach]);
  const placed = [];
  for (const { name, x, y } of marks) {
    const width = measure(name);
    const off = reach + 4;
    const places = [[x + off, y], [x - off - width, y], [x - width / 2, y - off - height / 2], [x - width / 2, y + off + height / 2]];
    const free = places.find(([left, middle]) => {
      const box = [left - 1, middle - height / 2, left + width + 1, middle + height / 2];
      const within = box[0] > panel.x && box[2] < panel.x + panel.width && box[1] > panel.y && box[3] < panel.y + panel.height;
      if (!within || taken.some((t) => box[0] < t[2] && t[0] < box[2] && box[1] < t[3] && t[1] < box[3])) return false;
      taken.push(box);
      return true;
    });
    if (free) placed.push({ name, x: free[0], y: free[1] });
  }
  return placed;
}
