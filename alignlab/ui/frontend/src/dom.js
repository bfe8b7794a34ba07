// The few lines of DOM building that every part of the component shares.

/** Makes an element: attributes as they are written in HTML, `on` for listeners, children as nodes or text. */
export function el(tag, { on = {}, ...attributes } = {}, ...children) {
  const svg = ["svg", "path", "circle"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    node.setAttribute(name, value === true ? "" : value);
  }
  for (const [event, listener] of Object.entries(on)) node.addEventListener(event, listener);
  node.append(...children);
  return node;
}

/** An icon drawn with strokes on a 20 × 20 grid. */
export function icon(path) {
  const drawing = el("path", { d: path, fill: "none", stroke: "currentColor", "stroke-width": 1.6, "stroke-linecap": "round", "stroke-linejoin": "round" });
  return el("svg", { viewBox: "0 0 20 20", width: 18, height: 18, "aria-hidden": "true" }, drawing);
}

export const ICONS = {
  pan: "M10 2.5v15M2.5 10h15M10 2.5 7.8 4.7M10 2.5l2.2 2.2M10 17.5l-2.2-2.2M10 17.5l2.2-2.2M2.5 10l2.2-2.2M2.5 10l2.2 2.2M17.5 10l-2.2-2.2M17.5 10l-2.2 2.2",
  lasso: "M9.6 13.2c-4 .2-6.9-1.6-6.9-4.4C2.7 5.7 6 3.4 10.2 3.4s7.2 2 7.2 4.9c0 2.5-2.4 4.3-5.7 4.8M9.6 13.2a1.9 1.9 0 1 0 1.9-1.8M9.7 14.2c.3 1.5-.5 2.4-1.6 3.1",
  reset: "M3.5 7V3.5H7M13 3.5h3.5V7M16.5 13v3.5H13M7 16.5H3.5V13M10 8.2a1.8 1.8 0 1 0 .01 0",
  plus: "M10 4.5v11M4.5 10h11",
  minus: "M4.5 10h11",
  box: "M3.5 5.5h13v9h-13zM3.5 5.5h.01M16.5 5.5h.01M3.5 14.5h.01M16.5 14.5h.01",
  figure: "M3.5 4.5h13v11h-13zM3.5 12.5l3.6-3.4 2.8 2.6 2.6-2.2 4 3.6M12.8 7.6h.01",
  filter: "M3.5 5h13l-5 6v4.5l-3-1.5v-3z",
};
