// The small panel in which filters are made: a field, then its values, or its range over a histogram of all and of what passes.
import { TOP, decode, histogram } from "./codes.js";
import { el } from "./dom.js";
import { LABELLED, fieldOf, valueNames } from "./filters.js";
import { formatCount, formatValue } from "./format.js";
import { SHOWN } from "./order.js";
import { LEVELS, levelTable, makeStretch } from "./stretch.js";

const BINS = 32;
const TYPING_MS = 250;

export class FilterPanel {
  /** @param {{onChange: (name: string, filter: object|null) => void, onClose: () => void}} listeners */
  constructor({ onChange, onClose }) {
    this.onChange = onChange;
    this.field = el("select", { "aria-label": "Filter by", on: { change: () => this.showField() } });
    this.body = el("div", { class: "al-filter-body" });
    const close = el("button", { type: "button", class: "al-link", on: { click: onClose } }, "Done");
    const keydown = (event) => event.key === "Escape" && (event.stopPropagation(), onClose());
    const head = el("div", { class: "al-filter-head" }, el("b", {}, "Show only"), this.field, close);
    this.node = el("div", { class: "al-filter-panel", role: "dialog", "aria-label": "Filter", hidden: true, on: { keydown } }, head, this.body);
  }

  /** Fills the list of fields. */
  offer(meta) {
    const option = (field) => el("option", { value: field.name }, field.unit ? `${field.label} (${field.unit})` : field.label);
    const groups = new Map([["Catalogue", [...meta.categories, LABELLED]]]);
    for (const variable of meta.variables) groups.set(variable.group, [...(groups.get(variable.group) ?? []), variable]);
    this.field.replaceChildren(...[...groups].map(([label, fields]) => el("optgroup", { label }, ...fields.map(option))));
    this.meta = meta;
  }

  get isOpen() {
    return !this.node.hidden;
  }

  /** @param {{codesOf: (name: string) => ArrayLike<number>, filters: Map<string, object>, standing: Uint8Array}} state */
  open(state, name) {
    this.state = state;
    if (name && fieldOf(this.meta, name)) this.field.value = name;
    this.node.hidden = false;
    this.showField();
    this.field.focus();
  }

  close() {
    this.node.hidden = true;
  }

  /** Takes up what has changed elsewhere; what is being typed stays. */
  refresh(state) {
    this.state = state;
    if (!this.isOpen) return;
    if (this.histogram) this.histogram.replaceWith((this.histogram = this.drawHistogram()));
    else this.showField();
  }

  showField() {
    const field = fieldOf(this.meta, this.field.value);
    this.histogram = null;
    if (field.values) this.showValues(field);
    else this.showRange(field);
  }

  showValues(field) {
    const codes = this.state.codesOf(field.name);
    const counts = new Uint32Array(256);
    for (let i = 0; i < this.meta.n; i += 1) counts[codes[i]] += 1;
    const chosen = this.state.filters.get(field.name)?.values ?? [];
    const boxes = valueNames(field).flatMap((value, k) => {
      const count = counts[k < field.values.length ? k : 255];
      if (count === 0 && !chosen.includes(value)) return [];
      const box = el("input", { type: "checkbox", value, checked: chosen.includes(value), on: { change: () => take() } });
      return [el("label", { class: "al-check" }, box, el("span", {}, value), el("span", { class: "al-quiet" }, formatCount(count)))];
    });
    const take = () => {
      const values = boxes.map((label) => label.firstChild).filter((box) => box.checked).map((box) => box.value);
      this.onChange(field.name, values.length > 0 ? { values } : null);
    };
    const focused = this.body.contains(document.activeElement) ? document.activeElement.value : null;
    this.body.replaceChildren(el("div", { class: "al-checks", role: "group", "aria-label": field.label }, ...boxes));
    if (focused !== null) boxes.find((label) => label.firstChild.value === focused)?.firstChild.focus();
  }

  showRange(field) {
    const filter = this.state.filters.get(field.name);
    const input = (label, value, placeholder) => el("input", { type: "number", step: "any", "aria-label": `${label} ${field.label}`, value: value ?? "", placeholder: formatValue(placeholder), on: { input: () => this.typed(field, low, high) } });
    const low = input("Lowest", filter?.low, decode(0, field));
    const high = input("Highest", filter?.high, decode(TOP, field));
    this.histogram = this.drawHistogram();
    const row = el("div", { class: "al-range" }, low, el("span", {}, "to"), high, el("span", { class: "al-quiet" }, field.unit));
    this.body.replaceChildren(this.histogram, row, el("p", { class: "al-quiet" }, "Sources without a value do not pass."));
  }

  typed(field, low, high) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const [from, to] = [low, high].map((box) => (box.value === "" || !box.validity.valid ? null : Number(box.value)));
      const wrong = from !== null && to !== null && from > to;
      for (const box of [low, high]) box.setAttribute("aria-invalid", String(wrong));
      if (!wrong) this.onChange(field.name, from === null && to === null ? null : { low: from, high: to });
    }, TYPING_MS);
  }

  /** Bars over the variable's own scale, linear or logarithmic, as in the legend: all in outline, what passes filled. */
  drawHistogram() {
    const field = fieldOf(this.meta, this.field.value);
    const codes = this.state.codesOf(field.name);
    const hist = histogram(codes, this.meta.n);
    const stretch = makeStretch(field.stretch ?? "linear", field, hist);
    const { all, shown } = binned(codes, levelTable(stretch, field, hist), this.state.standing, this.meta.n);
    const most = Math.max(1, ...all);
    const height = (count) => (count === 0 ? 0 : 2 + 38 * Math.sqrt(count / most));
    const bars = (counts, name) => el("path", { class: name, d: Array.from(counts, (count, k) => `M${k * 8 + 0.5},42v${-height(count).toFixed(1)}h7V42z`).join("") });
    const words = `${field.label}: ${formatCount(all.reduce((a, b) => a + b, 0))} sources with a value, ${formatCount(shown.reduce((a, b) => a + b, 0))} shown`;
    const drawing = el("svg", { viewBox: `0 0 ${8 * BINS} 43`, role: "img", "aria-label": words, preserveAspectRatio: "none" }, bars(all, "al-all"), bars(shown, "al-shown"));
    return el("div", { class: "al-histogram" }, drawing, el("div", { class: "al-ticks" }, ...tickLabels(stretch)));
  }
}

function tickLabels({ ticks }) {
  const room = ticks.filter(({ at }) => at >= 0.03 && at <= 0.97);
  const every = Math.ceil(room.length / 5);
  return room.filter((_, k) => k % every === 0).map(({ at, value }) => el("span", { style: `left: ${(100 * at).toFixed(1)}%` }, formatValue(value)));
}

/**
 * How many of the first `n` rows fall into each bin, all of them and those that are shown.
 *
 * @param {Uint16Array} levels colour level of each code, LEVELS for a missing value
 */
export function binned(codes, levels, standing, n) {
  const all = new Uint32Array(BINS);
  const shown = new Uint32Array(BINS);
  for (let i = 0; i < n; i += 1) {
    const level = levels[codes[i]];
    if (level === LEVELS) continue;
    const bin = Math.floor((level * BINS) / LEVELS);
    all[bin] += 1;
    if (standing[i] === SHOWN) shown[bin] += 1;
  }
  return { all, shown };
}
