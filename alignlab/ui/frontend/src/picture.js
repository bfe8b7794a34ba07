// What a figure shows, gathered for the code that draws it: all of it plain numbers, words and colours.
import { formatValue } from "./format.js";

/** @param {import("./map.js").LatentMap} map */
export function pictureOf(map) {
  const { meta, session, colouring, scene, theme } = map;
  const marks = { pick: session.pick, neighbours: session.neighbours, overlays: meta.overlays };
  return {
    maps: map.placed.map((view) => ({
      title: view.title.textContent,
      x: view.points.dataX,
      y: view.points.dataY,
      view: view.points.view,
      aspect: view.points.aspect,
    })),
    order: scene.order.filter((row) => !scene.isHidden(row)),
    colourOf: (row) => colouring.colourOf(row),
    dimmed: (row) => scene.isFaded(row),
    selected: Array.from(session.selection.rows),
    marks,
    nameOf: (row) => map.nameOf(row),
    legend: legendOf(colouring, meta.n),
    caption: meta.caption ?? meta.title,
    fileStem: meta.file_stem ?? "alignlab-map",
    theme,
  };
}

function legendOf(colouring, n) {
  const missingColour = colouring.colours[colouring.colours.length - 1];
  const { variable, category } = colouring;
  if (variable) {
    const { stretch, hist, palette } = colouring;
    const ticks = stretch.ticks.map(({ at, value }) => ({ at, value, text: formatValue(value) }));
    return { kind: "variable", label: variable.label, unit: variable.unit, palette, ticks, missing: hist.missing, n, missingColour, entries: [] };
  }
  const entries = category.values
    .map((name, k) => ({ name, colour: colouring.swatches[k], count: colouring.counts[k] }))
    .filter((entry) => entry.count > 0);
  if (!category.ordinal) entries.sort((a, b) => b.count - a.count);
  return { kind: "category", label: category.label, unit: "", palette: [], ticks: [], missing: colouring.missing, missingName: colouring.missingName, n, missingColour, entries };
}
