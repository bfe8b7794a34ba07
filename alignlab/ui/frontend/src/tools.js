// The tools in the corner of the map, and the small menu of the figure.
import { ICONS, el, icon } from "./dom.js";

const FORMATS = [
  ["png", "PNG, twice the resolution"],
  ["svg", "SVG"],
  ["pdf", "PDF"],
];

export class Tools {
  /** @param {{onMode: (mode: string) => void, onReset: () => void, onZoom: (factor: number) => void, onFigure: (format: string) => void}} listeners */
  constructor({ onMode, onReset, onZoom, onFigure }) {
    this.modes = {
      panZoom: tool(ICONS.pan, "Pan and zoom", () => onMode("panZoom")),
      lasso: tool(ICONS.lasso, "Lasso: draw around sources (or drag with Shift)", () => onMode("lasso")),
      box: tool(ICONS.box, "Box: select a rectangle", () => onMode("box")),
    };
    this.figure = tool(ICONS.figure, "Save the figure", () => this.showMenu(this.menu.hidden));
    this.figure.setAttribute("aria-haspopup", "menu");
    this.onFigure = onFigure;
    this.menu = this.makeMenu();
    const rest = [
      tool(ICONS.plus, "Zoom in", () => onZoom(0.6)),
      tool(ICONS.minus, "Zoom out", () => onZoom(1 / 0.6)),
      tool(ICONS.reset, "Reset the view", onReset),
      this.figure,
    ];
    const bar = el("div", { class: "al-tools", role: "toolbar", "aria-label": "Map tools" }, ...Object.values(this.modes), ...rest);
    this.node = el("div", { class: "al-corner" }, bar, this.menu);
    this.show("panZoom");
    this.showMenu(false);
  }

  show(mode) {
    for (const [name, button] of Object.entries(this.modes)) button.setAttribute("aria-pressed", String(name === mode));
  }

  makeMenu() {
    const items = FORMATS.map(([format, words]) => {
      const listener = { click: () => this.save(format) };
      return el("button", { type: "button", role: "menuitem", "data-format": format, on: listener }, words);
    });
    const keydown = (event) => {
      if (event.key === "Escape") this.showMenu(false, true);
      else if (event.key === "ArrowDown") items[(items.indexOf(event.target) + 1) % items.length].focus();
      else if (event.key === "ArrowUp") items[(items.indexOf(event.target) + items.length - 1) % items.length].focus();
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    const focusout = (event) => !this.node.contains(event.relatedTarget) && this.showMenu(false);
    return el("div", { class: "al-menu", role: "menu", "aria-label": "Format of the figure", on: { keydown, focusout } }, ...items);
  }

  showMenu(shown, refocus = false) {
    this.menu.hidden = !shown;
    this.figure.setAttribute("aria-expanded", String(shown));
    if (shown) this.menu.firstChild.focus();
    else if (refocus) this.figure.focus();
  }

  async save(format) {
    this.showMenu(false, true);
    this.figure.disabled = true;
    try {
      await this.onFigure(format);
    } finally {
      this.figure.disabled = false;
    }
  }
}

function tool(path, label, listener) {
  return el("button", { type: "button", title: label, "aria-label": label, on: { click: listener } }, icon(path));
}
