// The row of controls under the map. Plain HTML controls: they have names and keyboard use.
import { ICONS, el, icon } from "./dom.js";
import { DUPLICATES } from "./duplicates.js";
import { STRETCHES } from "./stretch.js";

const PALETTES = ["cividis", "batlow"];
const ORDERS = [
  ["value", "high on top", "High values are drawn above low ones"],
  ["reverse", "low on top", "Low values are drawn above high ones"],
  ["plain", "as listed", "Points are drawn in the order of the survey"],
];

export class Controls {
  /** @param {{onSettings: (change: object) => void, onFilter: () => void}} listeners */
  constructor({ onSettings, onFilter }) {
    this.colour = choice("Colour by", (colour) => onSettings({ colour }));
    this.stretch = el("div", { class: "al-segments", role: "group", "aria-label": "Stretch" });
    for (const name of STRETCHES) {
      this.stretch.append(el("button", { type: "button", "data-stretch": name, on: { click: () => onSettings({ stretch: name }) } }, name));
    }
    this.palette = choice("Colour map", (palette) => onSettings({ palette }));
    for (const name of PALETTES) this.palette.append(el("option", { value: name }, name));
    this.palette.append(el("option", { value: "diverging", hidden: true }, "diverging"));
    this.order = choice("Drawing order", (order) => onSettings({ order }));
    for (const [value, text, title] of ORDERS) this.order.append(el("option", { value, title }, text));
    this.duplicates = choice("Several observations of one source", (duplicates) => onSettings({ duplicates }));
    for (const name of DUPLICATES) this.duplicates.append(el("option", { value: name }, name));
    this.filter = el("button", { type: "button", class: "al-filter-button", "aria-expanded": "false", "aria-haspopup": "dialog", title: "Show only some sources (F)", on: { click: onFilter } }, icon(ICONS.filter), "Filter");
    this.colourField = field("colour", this.colour);
    this.paletteField = field("map", this.palette);
        this.duplicatesField = field("several observations", this.duplicates);
    this.node = el("div", { class: "al-controls" }, this.colourField, this.stretch, this.paletteField, this.order, this.duplicatesField, this.filter);
  }

  /** Fills the list of colours: categories first, then the variables in their groups. */
  offer(meta) {
    const groups = new Map([["Catalogue", [...meta.categories]]]);
    for (const variable of meta.variables) {
      if (!groups.has(variable.group)) groups.set(variable.group, []);
      groups.get(variable.group).push(variable);
    }
    this.colour.replaceChildren(
      ...[...groups].map(([label, items]) => el("optgroup", { label }, ...items.map((f) => el("option", { value: f.name, title: f.description ?? "" }, f.unit ? `${f.label} (${f.unit})` : f.label)))),
    );
    this.duplicatesField.hidden = !meta.duplicates;
  }

  /** Shows what is chosen; what would change nothing is left out. */
  show(settings, { isVariable, isDiverging, isOrdinal, isWall }) {
    this.colour.value = settings.colour;
    this.colourField.hidden = isWall;
    this.stretch.hidden = !isVariable && !isWall;
    for (const button of this.stretch.children) {
      const name = button.dataset.stretch;
      button.setAttribute("aria-pressed", String(name === settings.stretch));
      if (name === "log") button.textContent = isDiverging && !isWall ? "asinh" : "log";
    }
    const fixed = isDiverging && !isWall;
    this.paletteField.hidden = !isVariable && !isOrdinal && !isWall;
    this.palette.disabled = fixed;
    this.palette.value = fixed ? "diverging" : settings.palette;
    this.order.hidden = isWall || (!isVariable && !isOrdinal);
    this.order.value = settings.order ?? "value";
    this.duplicates.value = settings.duplicates ?? "each";
  }
}

function choice(label, onChange) {
  const select = el("select", { "aria-label": label, on: { change: () => onChange(select.value) } });
  return select;
}

function field(text, control) {
  return el("label", { class: "al-map-field" }, el("span", {}, text), control);
}
