// Lines and letters as SVG: text stays text.
import { FAMILY } from "./canvas_pen.js";

export class SvgPen {
  constructor(width, height, measure) {
    [this.width, this.height, this.measure] = [width, height, measure];
    this.parts = [];
    this.clips = 0;
  }

  rect(x, y, width, height, style) {
    this.add("rect", { x, y, width, height, ...styleOf(style) });
  }

  disc(x, y, radius, fill) {
    this.add("circle", { cx: x, cy: y, r: radius, fill });
  }

  ring(x, y, radius, style) {
    this.add("circle", { cx: x, cy: y, r: radius, ...styleOf(style) });
  }

  line(x1, y1, x2, y2, style) {
    this.add("line", { x1, y1, x2, y2, ...styleOf(style) });
  }

  polygon(corners, style) {
    this.add("polygon", { points: corners.map((corner) => corner.map(short).join(",")).join(" "), "stroke-linejoin": "round", ...styleOf(style) });
  }

  text(x, y, runs, { size, anchor, halo }) {
    const outline = halo ? { stroke: halo, "stroke-width": 4, "stroke-linejoin": "round", "paint-order": "stroke" } : {};
    const spans = runs.map(({ words, bold, colour }) => `<tspan${write({ "font-weight": bold ? 600 : null, fill: colour })}>${escape(words)}</tspan>`);
    const attributes = { x, y, "font-size": size, "text-anchor": anchor, "xml:space": "preserve", ...outline };
    this.parts.push(`<text${write(attributes)}>${spans.join("")}</text>`);
  }

  image(x, y, width, height, address) {
    this.add("image", { x, y, width, height, href: address, "xlink:href": address });
  }

  async within(x, y, width, height, draw) {
    this.clips += 1;
    const id = `panel${this.clips}`;
    this.parts.push(`<clipPath id="${id}"><rect${write({ x, y, width, height })}/></clipPath><g clip-path="url(#${id})">`);
    await draw();
    this.parts.push("</g>");
  }

  async opacity(value, draw) {
    this.parts.push(`<g fill-opacity="${value}">`);
    await draw();
    this.parts.push("</g>");
  }

  add(tag, attributes) {
    this.parts.push(`<${tag}${write(attributes)}/>`);
  }

  source() {
    const { width, height } = this;
    const names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"';
    const head = `<svg ${names}${write({ width, height, viewBox: `0 0 ${width} ${height}`, "font-family": FAMILY })}>`;
    return `<?xml version="1.0" encoding="UTF-8"?>\n${head}\n${this.parts.join("\n")}\n</svg>\n`;
  }

  blob() {
    return new Blob([this.source()], { type: "image/svg+xml" });
  }
}

function styleOf({ fill = "none", stroke, width }) {
  return { fill, stroke, "stroke-width": stroke ? width : null };
}

function write(attributes) {
  const given = Object.entries(attributes).filter(([, value]) => value !== null && value !== undefined);
  return given.map(([name, value]) => ` ${name}="${typeof value === "number" ? short(value) : escape(value)}"`).join("");
}

/** Hundredths are finer than any printer. */
function short(value) {
  return String(Math.round(value * 100) / 100);
}

/** Markup as text; characters that XML forbids are left out. */
function escape(text) {
  const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return String(text).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "").replace(/[&<>"]/g, (c) => entities[c]);
}
