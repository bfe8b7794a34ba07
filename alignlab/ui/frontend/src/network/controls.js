// The row of controls under the drawing: what nodes are coloured by, and which edges are drawn.
import { el } from "../dom.js";

const EDGES = [
  ["all", "Every drawn edge; those of selected sources in the accent's colour"],
  ["selected", "Only the edges of selected sources"],
  ["none", "No edges"],
];

export class Controls {
  /** @param {{onPaint: (name: string) => void, onEdges: (which: string) => void}} listeners */
  constructor({ onPaint, onEdges }) {
    this.paint = el("select", { "aria-label": "Colour by", on: { change: () => onPaint(this.paint.value) } });
    const buttons = EDGES.map(([name, title]) => el("button", { type: "button", "data-edges": name, title, on: { click: () => onEdges(name) } }, name));
    this.edges = el("div", { class: "al-segments", role: "group", "aria-label": "Edges" }, ...buttons);
    this.said = el("span", { class: "al-quiet" });
    this.node = el("div", { class: "al-controls" }, labelled("colour", this.paint), labelled("edges", this.edges, "span"), this.said);
  }

  /** Fills the list of colours and says which edges are drawn. */
  offer(meta) {
    this.said.textContent = meta.said;
    const fields = [...meta.categories, ...meta.variables];
    this.paint.replaceChildren(...fields.map((field) => el("option", { value: field.name, title: field.description ?? "" }, field.label)));
  }

  show({ paint, edges }) {
    this.paint.value = paint;
    for (const button of this.edges.children) button.setAttribute("aria-pressed", String(button.dataset.edges === edges));
  }
}

function labelled(text, control, tag = "label") {
  return el(tag, { class: "al-map-field" }, el("span", {}, text), control);
}
