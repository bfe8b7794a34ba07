// The layer above the points: the picked source and its neighbours, the one that is pointed at, selected ones while they
// are few, observations of one source joined by lines, and the sources of an applied survey as diamonds.

const LABELS_UP_TO = 40;

/**
 * Draws the marks of one frame.
 *
 * @param {CanvasRenderingContext2D} context scaled to CSS pixels
 * @param {{width: number, height: number}} size of the layer in CSS pixels
 * @param {(row: number) => number[]} place screen position of a row
 * @param {{pick: number|null, neighbours: number[], hover: number|null, overlays: {start: number, stop: number}[],
 *   links: number[][], ringed: ArrayLike<number>}} marks
 * @param {{nameOf: (row: number) => string, fillOf: (row: number) => string, isFaded: (row: number) => boolean}} words
 */
export function drawMarks(context, size, place, marks, theme, words) {
  context.clearRect(0, 0, size.width, size.height);
  drawLinks(context, place, marks.links, theme);
  for (const row of marks.ringed) disc(context, place(row), 4.5, words.fillOf(row), theme);
  drawOverlays(context, size, place, marks.overlays, theme, words);
  drawPick(context, place, marks, theme);
  if (marks.hover !== null && place(marks.hover)) disc(context, place(marks.hover), 5.5, words.fillOf(marks.hover), theme);
}

function drawLinks(context, place, links, theme) {
  if (links.length === 0) return;
  const all = () => links.forEach(([from, to]) => line(context, place(from), place(to)));
  stroke(context, theme.background, 2.6, all);
  stroke(context, theme.text, 0.9, all);
}

function drawPick(context, place, marks, theme) {
  const centre = marks.pick === null ? null : place(marks.pick);
  if (!centre) return;
  for (const row of marks.neighbours) {
    const at = place(row);
    if (!at) continue;
    stroke(context, theme.background, 3, () => line(context, centre, at));
    stroke(context, theme.accent, 1.2, () => line(context, centre, at));
  }
  for (const row of marks.neighbours) {
    const at = place(row);
    if (at) ring(context, at, 5.5, theme, 1.4);
  }
  ring(context, centre, 9, theme, 2.4);
}

/** Draws all diamonds, then their names, so that a name covers neither a mark nor another survey's name. */
function drawOverlays(context, size, place, overlays, theme, { nameOf, fillOf, isFaded }) {
  const taken = [];
  const named = [];
  for (const { start, stop } of overlays) {
    for (let row = start; row < stop; row += 1) {
      const at = place(row);
      if (!at || at[0] < -20 || at[1] < -20 || at[0] > size.width + 20 || at[1] > size.height + 20) continue;
      const [x, y] = at;
      context.globalAlpha = isFaded(row) ? 0.3 : 1;
      diamond(context, x, y, fillOf(row), theme);
      context.globalAlpha = 1;
      if (isFaded(row)) continue;
      taken.push([x - 8, y - 8, x + 8, y + 8]);
      if (stop - start <= LABELS_UP_TO) named.push([nameOf(row), x, y]);
    }
  }
  context.font = "600 12px 'Source Sans', 'Source Sans 3', sans-serif";
  context.textBaseline = "middle";
  for (const [name, x, y] of named) label(context, name, x, y, size, theme, taken);
}

function diamond(context, x, y, fill, theme) {
  context.beginPath();
  context.moveTo(x, y - 7);
  context.lineTo(x + 7, y);
  context.lineTo(x, y + 7);
  context.lineTo(x - 7, y);
  context.closePath();
  context.fillStyle = fill;
  context.fill();
  context.lineWidth = 4;
  context.strokeStyle = theme.background;
  context.stroke();
  context.lineWidth = 1.8;
  context.strokeStyle = theme.text;
  context.stroke();
}

/** Writes a name right of its mark, else left, above or below; leaves it out where all four places are taken. */
function label(context, text, x, y, size, theme, taken) {
  const width = context.measureText(text).width;
  const places = [
    [x + 11, y],
    [x - 11 - width, y],
    [x - width / 2, y - 15],
    [x - width / 2, y + 15],
  ];
  for (const [left, middle] of places) {
    const box = [left - 1, middle - 7, left + width + 1, middle + 7];
    if (box[0] < 0 || box[2] > size.width || taken.some((t) => box[0] < t[2] && t[0] < box[2] && box[1] < t[3] && t[1] < box[3])) continue;
    taken.push(box);
    context.lineWidth = 3.5;
    context.lineJoin = "round";
    context.strokeStyle = theme.background;
    context.strokeText(text, left, middle);
    context.fillStyle = theme.text;
    context.fillText(text, left, middle);
    return;
  }
}

function disc(context, [x, y], radius, fill, theme) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  const outside = () => context.arc(x, y, radius + 0.5, 0, 2 * Math.PI);
  stroke(context, theme.background, 3.5, outside);
  stroke(context, theme.text, 1.5, outside);
}

function ring(context, [x, y], radius, theme, width) {
  const circle = () => context.arc(x, y, radius, 0, 2 * Math.PI);
  stroke(context, theme.background, width + 3, circle);
  stroke(context, theme.accent, width, circle);
}

function line(context, from, to) {
  context.moveTo(...from);
  context.lineTo(...to);
}

function stroke(context, colour, width, path) {
  context.beginPath();
  path();
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
}
