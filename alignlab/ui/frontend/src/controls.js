// The row of controls under the map and the tools in its corner. Plain HTML controls: they have names and keyboard use.
import { ICONS, el, icon } from "./dom.js";
import { STRETCHES } from "./stretch.js";

const PALETTES = ["cividis", "batlow"];

export class Controls {
  constructor(onSettings) {
    this.onSettings = onSettings;
    this.colour = el("select", { "aria-label": "Colour by", on: { change: () => onSettings({ colour: this.colour.value }) } });
    this.stretch = el("div", { class: "al-segments", role: "group", "aria-label": "Stretch" });
    for (const name of STRETCHES) {
      this.stretch.append(el("button", { type: "button", "data-stretch": name, on: { click: () => onSettings({ stretch: name }) } }, name));
    }
    this.palette = el("select", { "aria-label": "Colour map", on: { change: () => onSettings({ palette: this.palette.value }) } });
    for (const name of PALETTES) this.palette.append(el("option", { value: name }, name));
    this.diverging = el("option", { value: "diverging", hidden: true }, "diverging");
    this.palette.append(this.diverging);
    const field = (text, control) => el("label", { class: "al-field" }, el("span", {}, text), control);
    this.paletteField = field("map", this.palette);
    this.node = el("div", { class: "al-controls" }, field("colour", this.colour), this.stretch, this.paletteField);
  }

  /** Fills the list of colours: categories first, then the variables in their groups. */
  offer(meta) {
    const groups = new Map([["Catalogue", meta.categories]]);
    for (const variable of meta.variables) {
      if (!groups.has(variable.group)) groups.set(variable.group, []);
      groups.get(variable.group).push(variable);
    }
    this.colour.replaceChildren(
      ...[...groups].map(([label, items]) => el("optgroup", { label }, ...items.map((f) => el("option", { value: f.name, title: f.description ?? "" }, f.unit ? `${f.label} (${f.unit})` : f.label)))),
    );
  }

  show(settings, { isVariable, isDiverging, isOrdinal }) {
    this.colour.value = settings.colour;
    this.stretch.hidden = !isVariable;
    for (const button of this.stretch.children) {
      const name = button.dataset.stretch;
      button.setAttribute("aria-pressed", String(name === settings.stretch));
      if (name === "log") button.textContent = isDiverging ? "asinh" : "log";
    }
    this.paletteField.hidden = !isVariable && !isOrdinal;
    this.palette.disabled = isDiverging;
    this.palette.value = isDiverging ? "diverging" : settings.palette;
  }
}

export class Tools {
  constructor({ onMode, onReset, onZoom }) {
    this.pan = tool(ICONS.pan, "Pan and zoom", () => onMode("panZoom"));
    this.lasso = tool(ICONS.lasso, "Lasso: draw around sources (or drag with Shift)", () => onMode("lasso"));
    const rest = [
      tool(ICONS.plus, "Zoom in", () => onZoom(0.6)),
      tool(ICONS.minus, "Zoom out", () => onZoom(1 / 0.6)),
      tool(ICONS.reset, "Reset the view", onReset),
    ];
    this.node = el("div", { class: "al-tools", role: "toolbar", "aria-label": "Map tools" }, this.pan, this.lasso, ...rest);
    this.show("panZoom");
  }

  show(mode) {
    this.pan.setAttribute("aria-pressed", String(mode === "panZoom"));
    this.lasso.setAttribute("aria-pressed", String(mode === "lasso"));
  }
}

function tool(path, label, listener) {
  return el("button", { type: "button", title: label, "aria-label": label, on: { click: listener } }, icon(path));
}
