// What a point is, beside the pointer: name · class · value with unit.
import { el } from "./dom.js";
import { formatValue } from "./format.js";

export class Tooltip {
  constructor() {
    this.node = el("div", { class: "al-tip", role: "status", hidden: true });
  }

  /** Shows the words at [x, y] within a map of the given width. */
  show(name, parts, [x, y], width) {
    this.node.replaceChildren(el("b", {}, name), ...parts.flatMap((part) => [" · ", part]));
    this.node.hidden = false;
    const half = this.node.offsetWidth / 2 + 4;
    this.node.style.left = `${Math.min(Math.max(x, half), width - half)}px`;
    this.node.style.top = `${y}px`;
    this.node.classList.toggle("al-below", y < 48);
  }

  hide() {
    this.node.hidden = true;
  }
}

/** The value that the map is coloured by, in words; nothing where the colour is the class, which is told anyway. */
export function valueWords(colouring, row) {
  const { variable, category } = colouring;
  if (!variable) return category.name === "source_class" ? [] : [`${category.label} ${colouring.nameOf(row)}`];
  const value = colouring.valueOf(row);
  const unit = variable.unit && Number.isFinite(value) ? ` ${variable.unit}` : "";
  return [`${variable.label} ${formatValue(value)}${unit}`];
}
