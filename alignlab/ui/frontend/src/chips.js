// What is filtered, as chips that take their filter away, with how many sources are shown.
import { el } from "./dom.js";
import { fieldOf } from "./filters.js";
import { formatCount, formatValue } from "./format.js";

export class Chips {
  /** @param {{onRemove: (name: string) => void, onSelect: () => void, onClear: () => void}} listeners */
  constructor(listeners) {
    this.listeners = listeners;
    this.node = el("div", { class: "al-chips", role: "group", "aria-label": "Filters", hidden: true });
  }

  /**
   * @param {Map<string, object>} filters
   * @param {number} shown how many of the survey's own rows pass
   * @param {{sources: number, collapsed: boolean}} objects
   * @param {string[]} notes what could not be done, in words
   */
  show(filters, meta, shown, objects, notes) {
    const { onRemove, onSelect, onClear } = this.listeners;
    const chips = [...filters].map(([name, filter]) => {
      const words = filterWords(fieldOf(meta, name), filter);
      const label = `Remove filter ${words}`;
      const cross = el("span", { "aria-hidden": "true" }, "×");
      return el("button", { type: "button", class: "al-filter-chip", "data-filter": name, "aria-label": label, title: label, on: { click: () => onRemove(name) } }, words, cross);
    });
    const whole = objects.collapsed ? objects.sources : meta.n;
    const counts = [
      ...(filters.size > 0 ? [`${formatCount(shown)} of ${formatCount(whole)} shown`] : []),
      ...(objects.collapsed ? [`collapsed: ${formatCount(objects.sources)} sources of ${formatCount(meta.n)} observations`] : []),
    ];
    const actions =
      filters.size === 0
        ? []
        : [
            el("button", { type: "button", class: "al-link", on: { click: onSelect } }, "Select these"),
            el("button", { type: "button", class: "al-link", on: { click: onClear } }, "Clear all"),
          ];
    this.node.hidden = filters.size === 0 && counts.length === 0 && notes.length === 0;
    const remarks = notes.map((note) => el("span", { class: "al-remark", role: "status" }, note));
    this.node.replaceChildren(...chips, el("span", { class: "al-quiet", "aria-live": "polite" }, counts.join(" · ")), ...actions, ...remarks);
  }
}

/** A filter as a person would say it. */
export function filterWords(field, { values, low, high }) {
  const unit = field.unit ? ` ${field.unit}` : "";
  if (values) return `${field.label}: ${values.join(", ")}`;
  if (high === null) return `${field.label} ≥ ${formatValue(low)}${unit}`;
  if (low === null) return `${field.label} ≤ ${formatValue(high)}${unit}`;
  return `${field.label} ${formatValue(low)}–${formatValue(high)}${unit}`;
}
