// The tools in the corner of the drawing, and what the keys do.
import { ICONS, el, icon } from "../dom.js";

const MOVES = { ArrowLeft: [-0.2, 0], ArrowRight: [0.2, 0], ArrowUp: [0, 0.2], ArrowDown: [0, -0.2] };
const WORDS = [
  ["click", "pick a source"],
  ["Shift + click", "add it to the selection, or take it out"],
  ["drag, wheel", "move and zoom"],
  ["l, b, v", "lasso, box, move"],
  ["Shift, Alt", "while drawing: add, subtract"],
  ["Enter", "pick the source in the middle"],
  ["arrows, +, −", "move and zoom"],
  ["0", "show everything"],
  ["Esc", "clear the selection"],
];

export class Tools {
  /** @param {{onMode: (mode: string) => void, onReset: () => void, onZoom: (factor: number) => void}} listeners */
  constructor({ onMode, onReset, onZoom }) {
    this.modes = {
      panZoom: tool(ICONS.pan, "Move and zoom", () => onMode("panZoom")),
      lasso: tool(ICONS.lasso, "Lasso: draw around sources (or drag with Shift)", () => onMode("lasso")),
      box: tool(ICONS.box, "Box: select a rectangle", () => onMode("box")),
    };
    const rest = [tool(ICONS.plus, "Zoom in", () => onZoom(0.6)), tool(ICONS.minus, "Zoom out", () => onZoom(1 / 0.6)), tool(ICONS.reset, "Show everything", onReset)];
    const bar = el("div", { class: "al-tools", role: "toolbar", "aria-label": "Tools of the drawing" }, ...Object.values(this.modes), ...rest);
    this.node = el("div", { class: "al-corner" }, bar);
    const lines = WORDS.flatMap(([key, words]) => [el("kbd", {}, key), el("span", {}, words)]);
    this.hint = el("div", { class: "al-hint", role: "note", "aria-label": "Keys", hidden: true }, ...lines);
    this.show("panZoom");
  }

  show(mode) {
    for (const [name, button] of Object.entries(this.modes)) button.setAttribute("aria-pressed", String(name === mode));
  }
}

/** What a key does: a function of the network's drawing, or null. */
export function keyAction(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const { key } = event;
  if (MOVES[key]) return ({ stage }) => stage.pan(MOVES[key]);
  if (key === "+" || key === "=") return ({ stage }) => stage.zoom(0.8);
  if (key === "-") return ({ stage }) => stage.zoom(1.25);
  if (key === "0") return ({ stage }) => stage.look(stage.home);
  const modes = { l: "lasso", b: "box", v: "panZoom" };
  if (modes[key]) return (network) => network.setMode(network.stage.mode === modes[key] ? "panZoom" : modes[key]);
  if (key === "?") return ({ tools }) => (tools.hint.hidden = !tools.hint.hidden);
  if (key === "Enter") return (network) => network.stage.middleRow !== null && network.take(network.stage.middleRow);
  if (key === "Escape") return (network) => (network.tools.hint.hidden ? network.clear() : (network.tools.hint.hidden = true));
  return null;
}

function tool(path, label, listener) {
  return el("button", { type: "button", title: label, "aria-label": label, on: { click: listener } }, icon(path));
}
