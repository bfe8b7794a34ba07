// Draws a laid-out figure with any pen. A pen knows rect, disc, ring, polygon, line, text, image, within and opacity.
import { toRgb } from "../theme.js";
import { SIZES, placeNames } from "./layout.js";

/** Above this number of points a drawing of lines holds them as one picture. */
export const VECTOR_UP_TO = 50000;
export const RASTER_SCALE = 3;
const OUTLINED_UP_TO = 50;
const NAMED_UP_TO = 40;
const KEPT = 0.25;
const BREATH = 50000;
const SLICES = 128;
/** From the middle of a mark to its rim. */
const [DIAMOND, PICK, NEIGHBOUR] = [8, 10, 6];

/**
 * @param {object} pen
 * @param {object} picture see `exportFigure`
 * @param {object} plan from `layOut`
 * @param {{ground: string, text: string, quiet: string, accent: string}} ink
 * @param {((width, height, draw) => Promise<string>)|null} rasterise draws with a pen of pixels and gives the picture's
 *   address; null where the pen is one itself
 */
export async function drawFigure(pen, picture, plan, ink, rasterise) {
  pen.rect(0, 0, plan.width, plan.height, { fill: ink.ground });
  for (const [k, panel] of plan.panels.entries()) {
    pen.text(...panel.titleAt, [{ words: picture.maps[k].title, bold: true, colour: ink.text }], { size: SIZES.title });
    await pen.within(panel.x, panel.y, panel.width, panel.height, async () => {
      await drawPoints(pen, picture, panel, ink, rasterise);
      drawMarks(pen, picture, panel, ink);
    });
    pen.rect(panel.x, panel.y, panel.width, panel.height, { stroke: ink.frame, width: 1 });
  }
  drawLegend(pen, picture.legend, plan.legend, ink);
  drawKeys(pen, plan.keys, ink);
  for (const { x, y, words } of plan.caption) pen.text(x, y, [{ words, colour: ink.quiet }], { size: SIZES.caption });
}

/** The rows that a panel shows, from below: faded, others, selected; overlays are drawn as marks. */
function visibleRows({ order, dimmed, selected, marks }, panel, reach) {
  const own = marks.overlays.length > 0 ? marks.overlays[0].start : Infinity;
  const chosen = new Set(selected);
  const layers = [[], [], []];
  for (const row of order) {
    if (row < own && panel.inside(panel.place(row), reach)) layers[chosen.has(row) ? 2 : dimmed(row) ? 0 : 1].push(row);
  }
  return layers;
}

async function drawPoints(pen, picture, panel, ink, rasterise) {
  const layers = visibleRows(picture, panel, 6);
  const n = layers.reduce((sum, rows) => sum + rows.length, 0);
  if (n > VECTOR_UP_TO && rasterise) {
    const shifted = (row) => {
      const [x, y] = panel.place(row);
      return [x - panel.x, y - panel.y];
    };
    const address = await rasterise(panel.width, panel.height, (pixels) => drawLayers(pixels, picture, layers, n, { ...panel, place: shifted }, ink));
    pen.image(panel.x, panel.y, panel.width, panel.height, address);
  } else await drawLayers(pen, picture, layers, n, panel, ink);
}

async function drawLayers(pen, picture, layers, n, panel, ink) {
  const spacing = Math.sqrt((panel.width * panel.height) / Math.max(1, n));
  const radius = Math.min(4, Math.max(0.75, 0.31 * spacing));
  const few = picture.selected.length <= OUTLINED_UP_TO;
  const fade = fader(ink.ground);
  let drawn = 0;
  await pen.opacity(n > VECTOR_UP_TO ? 0.6 : 0.85, async () => {
    for (const [layer, rows] of layers.entries()) {
      const size = layer < 2 ? radius : radius + (few ? 1 : 0.3);
      for (const row of rows) {
        const [x, y] = panel.place(row);
        const colour = picture.colourOf(row);
        pen.disc(x, y, size, layer === 0 ? fade(colour) : colour);
        if (layer === 2 && few) pen.ring(x, y, size + 0.5, { stroke: ink.text, width: 1 });
        drawn += 1;
        if (drawn % BREATH === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      }
    }
  });
}

/** Mixes a colour with the ground, so that crowds of faded points fade like single ones. */
function fader(ground) {
  const known = new Map();
  const behind = toRgb(ground);
  return (colour) => {
    if (!known.has(colour)) {
      const mixed = toRgb(colour).map((v, k) => Math.round(255 * (KEPT * v + (1 - KEPT) * behind[k])));
      known.set(colour, `#${mixed.map((v) => v.toString(16).padStart(2, "0")).join("")}`);
    }
    return known.get(colour);
  };
}

/** From below: lines from the pick to its neighbours, diamonds, rings, names. */
function drawMarks(pen, { marks, colourOf, nameOf }, panel, ink) {
  const centre = marks.pick === null ? null : panel.place(marks.pick);
  const around = centre ? marks.neighbours.map(panel.place) : [];
  for (const at of around) drawSpoke(pen, centre, at, ink);
  const [named, unnamed] = [[], [...around, ...(centre ? [centre] : [])].map(([x, y]) => ({ x, y }))];
  for (const { start, stop } of marks.overlays) {
    for (let row = start; row < stop; row += 1) {
      const [x, y] = panel.place(row);
      if (!panel.inside([x, y], DIAMOND)) continue;
      drawDiamond(pen, x, y, colourOf(row), ink);
      if (stop - start <= NAMED_UP_TO) named.push({ name: nameOf(row), x, y });
      else unnamed.push({ x, y });
    }
  }
  for (const at of around) drawRing(pen, at, NEIGHBOUR, 1.6, ink);
  if (centre) drawRing(pen, centre, PICK, 2.6, ink);
  const measure = (words) => pen.measure(words, SIZES.name, true);
  for (const { name, x, y } of placeNames(named, unnamed, panel, measure, 17, DIAMOND + 1)) {
    pen.text(x, y + 5, [{ words: name, bold: true, colour: ink.text }], { size: SIZES.name, halo: ink.ground });
  }
}

/** A line between two rings, not into them. */
function drawSpoke(pen, [x1, y1], [x2, y2], ink) {
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (length <= PICK + NEIGHBOUR) return;
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  const ends = [x1 + PICK * dx, y1 + PICK * dy, x2 - NEIGHBOUR * dx, y2 - NEIGHBOUR * dy];
  for (const [stroke, width] of [[ink.ground, 3.5], [ink.accent, 1.4]]) pen.line(...ends, { stroke, width });
}

function drawDiamond(pen, x, y, fill, ink) {
  const corners = [[x, y - DIAMOND], [x + DIAMOND, y], [x, y + DIAMOND], [x - DIAMOND, y]];
  pen.polygon(corners, { fill, stroke: ink.ground, width: 4.5 });
  pen.polygon(corners, { fill, stroke: ink.text, width: 1.8 });
}

function drawRing(pen, [x, y], radius, width, ink) {
  pen.ring(x, y, radius, { stroke: ink.ground, width: width + 3 });
  pen.ring(x, y, radius, { stroke: ink.accent, width });
}

function drawLegend(pen, { palette }, { title, bar, marks, chips, count }, ink) {
  const runs = [{ words: title.label, bold: true, colour: ink.text }, ...(title.unit ? [{ words: ` ${title.unit}`, colour: ink.quiet }] : [])];
  pen.text(title.x, title.y, runs, { size: SIZES.legend });
  if (bar) {
    // Each slice reaches to the right end, so that no seam shows between two.
    for (let k = 0; k < SLICES; k += 1) {
      const start = (k / SLICES) * bar.width;
      const fill = palette[Math.round((k / (SLICES - 1)) * (palette.length - 1))];
      pen.rect(bar.x + start, bar.y, bar.width - start, bar.height, { fill });
    }
  }
  for (const { x, y, words } of marks) {
    pen.line(x, y, x, y + 5, { stroke: ink.text, width: 1 });
    pen.text(x, y + 21, [{ words, colour: ink.text }], { size: SIZES.tick, anchor: "middle" });
  }
  for (const { x, y, colour, name, number } of chips) {
    pen.disc(x + 7, y - 5.5, 6.5, colour);
    const text = [{ words: name, colour: ink.text }, ...(number ? [{ words: ` ${number}`, colour: ink.quiet }] : [])];
    pen.text(x + 20, y, text, { size: SIZES.legend });
  }
  pen.text(count.x, count.y, [{ words: count.words, colour: ink.quiet }], { size: SIZES.legend });
}

function drawKeys(pen, keys, ink) {
  for (const { mark, x, y, words } of keys) {
    if (mark === "diamond") drawDiamond(pen, x + 9, y - 5.5, ink.ground, ink);
    if (mark === "ring") drawRing(pen, [x + 9, y - 5.5], 7, 2.2, ink);
    pen.text(x + (mark ? 24 : 0), y, [{ words, colour: ink.text }], { size: SIZES.legend });
  }
}
