// The legend: what the colours mean, in which unit, and how many sources have no value.
import { el } from "./dom.js";
import { formatCount, formatValue } from "./format.js";

/** Colour bar with ticks, unit, and the missing ones as a class of their own. */
export function variableLegend(colouring, n) {
  const { variable, stretch, hist, palette, colours } = colouring;
  const bar = el("div", { class: "al-bar", style: `background: linear-gradient(to right, ${palette.join(",")})` });
  const ticks = el("div", { class: "al-ticks" });
  let last = -1;
  stretch.ticks.forEach((tick, k) => {
    if (tick.at < -0.001 || tick.at > 1.001 || tick.at - last < 0.075) return;
    last = tick.at;
    const clipped = k === 0 && tick.at < 0.02 && stretch.clippedLow ? "≤ " : tick.at > 0.98 && stretch.clippedHigh ? "≥ " : "";
    ticks.append(el("span", { style: `left: ${(100 * tick.at).toFixed(2)}%` }, clipped + formatValue(tick.value)));
  });
  const scale = stretch.kind === "log" && variable.diverging ? "asinh" : stretch.kind;
  const label = el("div", { class: "al-legend-title" }, el("b", {}, variable.label), variable.unit ? ` ${variable.unit}` : "", el("span", { class: "al-quiet" }, ` ${scale}`));
  const notes = el("div", { class: "al-legend-notes" });
  if (hist.missing > 0) notes.append(chip(colours[colours.length - 1], `missing (n = ${formatCount(hist.missing)})`));
  notes.append(el("span", { class: "al-quiet" }, `n = ${formatCount(hist.valid)} of ${formatCount(n)}`));
  const ends = stretch.clippedLow || stretch.clippedHigh ? "al-clipped" : "";
  return [label, el("div", { class: `al-scale ${ends}` }, bar, ticks), notes];
}

/** One button per class with its count; pressing it selects the class. */
export function categoryLegend(colouring, n, onChoose) {
  const { category, counts, swatches, missing, colours } = colouring;
  const label = el("div", { class: "al-legend-title" }, el("b", {}, category.label), el("span", { class: "al-quiet" }, ` n = ${formatCount(n)}`));
  const classes = el("div", { class: "al-classes" });
  const order = category.values.map((_, k) => k).filter((k) => counts[k] > 0);
  if (!category.ordinal) order.sort((a, b) => counts[b] - counts[a]);
  for (const k of order) {
    const text = `${category.values[k]} ${formatCount(counts[k])}`;
    const listener = { click: (event) => onChoose(colouring.maskOf(k, n), event.shiftKey) };
    const button = chip(swatches[k], text, "button", { type: "button", title: `Select all: ${category.values[k]}`, on: listener });
    classes.append(button);
  }
  if (missing > 0) classes.append(chip(colours[colours.length - 1], `${colouring.missingName} (n = ${formatCount(missing)})`));
  return [label, classes];
}

function chip(colour, text, tag = "span", attributes = {}) {
  const cut = text.lastIndexOf(" ");
  const words = tag === "button" ? [text.slice(0, cut), el("span", { class: "al-quiet" }, text.slice(cut))] : [text];
  return el(tag, { class: "al-class", ...attributes }, el("i", { style: `background: ${colour}` }), ...words);
}
