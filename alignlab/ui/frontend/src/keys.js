// The keyboard: on the map itself, and everywhere while the page is shown to an audience.
import { el } from "./dom.js";

/** What the number keys colour by in presentation mode. */
export const NUMBER_KEYS = new Map([
  ["1", "source_class"],
  ["2", "hard_hs"],
  ["3", "hard_hm"],
  ["4", "powlaw_gamma"],
  ["5", "powlaw_nh"],
  ["6", "bb_kt"],
  ["7", "apec_kt"],
  ["8", "var_prob_b"],
  ["9", "flux_significance_b"],
  ["0", "counts"],
]);
const MOVES = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, 0.12], ArrowDown: [0, -0.12] };
const WORDS = [
  ["click", "open a source"],
  ["Shift + click", "add it to the selection, or take it out"],
  ["l, b, v", "lasso, box, move the map"],
  ["Shift, Alt", "while drawing: add, subtract"],
  ["Enter", "open the source in the middle"],
  ["arrows, +, −", "move and zoom"],
  ["0", "show everything"],
  ["f", "filter"],
  ["Esc", "clear the selection"],
];

/** What a key on the map does: a function of the map, or null. */
export function keyAction(event, presenting) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const { key } = event;
  if (MOVES[key] && !presenting) return (map, view) => view.points.zoom(1, MOVES[key]);
  if (key === "+" || key === "=") return (map, view) => view.points.zoom(0.8);
  if (key === "-") return (map, view) => view.points.zoom(1.25);
  if (key === "0" && !presenting) return (map) => map.reset();
  if (key === "l") return (map) => map.setMode(map.mode === "lasso" ? "panZoom" : "lasso");
  if (key === "b") return (map) => map.setMode(map.mode === "box" ? "panZoom" : "box");
  if (key === "v") return (map) => map.setMode("panZoom");
  if (key === "f" && !presenting) return (map) => map.filtering.toggle();
  if (key === "?") return (map) => map.hint.toggle();
  if (key === "Enter") return (map, view) => map.choosing.openMiddle(view);
  if (key === "Escape") return (map) => (map.hint.isOpen ? map.hint.toggle() : map.choosing.clear());
  return null;
}

/** The variable that a number key colours by while presenting; null where it is meant for something else. */
export function numberKey(event) {
  const typing = event.target instanceof Element && event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]");
  return event.ctrlKey || event.metaKey || event.altKey || typing ? null : (NUMBER_KEYS.get(event.key) ?? null);
}

/** The keys in words, shown and hidden by `?`. */
export class Hint {
  constructor() {
    this.node = el("div", { class: "al-hint", role: "note", "aria-label": "Keys", hidden: true });
  }

  get isOpen() {
    return !this.node.hidden;
  }

  toggle() {
    this.node.hidden = this.isOpen;
  }

  /** @param {string[]} labels of the variables behind 1, 2, … 9, 0 that this survey has; null where it has none */
  offer(labels, presenting) {
    const numbers = labels.flatMap((label, k) => (label ? [[String((k + 1) % 10), label]] : []));
    const rows = (presenting ? numbers : WORDS).flatMap(([key, words]) => [el("kbd", {}, key), el("span", {}, words)]);
    this.node.replaceChildren(...rows);
  }
}
