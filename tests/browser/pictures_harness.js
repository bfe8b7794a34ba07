// A page without Streamlit that shows the wall and makes figures, for test_pictures.py.
import { VariableColouring, unpackPalettes } from "../../alignlab/ui/frontend/src/colouring.js";
import { exportFigure } from "../../alignlab/ui/frontend/src/figure/figure.js";
import { formatValue } from "../../alignlab/ui/frontend/src/format.js";
import { Wall } from "../../alignlab/ui/frontend/src/wall.js";

const ARRAYS = { float32: Float32Array, uint16: Uint16Array, uint8: Uint8Array, uint32: Uint32Array };

/** Columns in base64 as a table with the few methods of Arrow's that the map uses. */
function readTable(columns) {
  const read = ([type, data]) => new ARRAYS[type](Uint8Array.from(atob(data), (c) => c.charCodeAt(0)).buffer);
  const found = Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, name === "name" ? column : read(column)]));
  const wrap = (values) => ({ toArray: () => values, get: (row) => values[row] });
  return { getChild: (name) => (found[name] ? wrap(found[name]) : null), numRows: found.x.length };
}

export function readScene({ meta, columns, theme }) {
  const palettes = unpackPalettes(meta.palettes);
  const settings = { colour: "source_class", stretch: "linear", palette: "cividis" };
  return { table: readTable(columns), meta, palettes, dark: theme.dark, passing: null, selected: [], settings, theme };
}

/** A figure of the scene, coloured by one variable. */
export function pictureOf({ table, meta, palettes, dark, settings, theme, selected }, name, changes = {}) {
  const variable = meta.variables.find((v) => v.name === name);
  const codes = table.getChild(name).toArray();
  const colouring = new VariableColouring(variable, codes, meta.n, { ...settings, stretch: variable.stretch }, palettes, dark);
  const [x, y] = ["x", "y"].map((axis) => table.getChild(axis).toArray());
  const ends = (values) => [Math.min(...values), Math.max(...values)];
  const [[left, right], [bottom, top]] = [ends(x), ends(y)];
  const pad = 0.04 * (right - left);
  const view = [left - pad, bottom - pad, right + pad, top + pad];
  const order = [...codes.keys()].sort((a, b) => (codes[a] === 65535 ? -1 : codes[a]) - (codes[b] === 65535 ? -1 : codes[b]));
  const chosen = new Set(selected);
  return {
    maps: [{ title: meta.title, x, y, view, aspect: (view[2] - view[0]) / (view[3] - view[1]) }],
    order,
    colourOf: (row) => colouring.colours[colouring.table[codes[row]]],
    dimmed: (row) => chosen.size > 0 && !chosen.has(row),
    selected,
    marks: { pick: 12, neighbours: [40, 41, 42, 43, 44], overlays: meta.overlays },
    nameOf: (row) => table.getChild("name")?.get(row) ?? `source ${row}`,
    legend: {
      kind: "variable",
      label: variable.label,
      unit: variable.unit,
      palette: colouring.palette,
      ticks: colouring.stretch.ticks.map(({ at, value }) => ({ at, text: formatValue(value) })),
      n: meta.n,
      missing: colouring.hist.missing,
      missingColour: colouring.colours[colouring.colours.length - 1],
      entries: [],
    },
    caption: meta.caption,
    fileStem: "alignlab-figure",
    theme,
    ...changes,
  };
}

window.harness = { Wall, exportFigure, pictureOf, readScene };
