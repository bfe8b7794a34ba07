// The layer of nodes: one small picture per colour and look, copied to where each node is. Thousands of copies are quicker
// than thousands of discs.
import { fit } from "./edges.js";
import { LOOKS } from "../order.js";
import { mix, toHex, toRgb } from "../theme.js";

/** How much of its colour a faded node keeps; mixed, not transparent. */
const KEPT = 0.3;
const [SMALLEST, LARGEST] = [2, 7];
/** Nodes grow with the picture, but slower, so that they come apart. */
const GROWTH = 0.45;

/** Radius of nodes in CSS pixels: by how much room each has when all is shown, and how far one has come nearer. */
export function nodeRadius(n, { width, height }, magnified) {
  const room = Math.sqrt((width * height) / Math.max(1, n));
  return Math.min(LARGEST, Math.max(SMALLEST, 0.19 * room) * Math.max(1, magnified) ** GROWTH);
}

export class NodeLayer {
  constructor(canvas) {
    this.canvas = canvas;
    this.stamps = new Map();
  }

  /**
   * Draws every node once.
   *
   * @param {object} scene `graph`, `order`, `levels`, `looks`, `colours` (of levels), `theme`
   * @param {{x: number, y: number, distance: number}} camera
   * @param {number} radius in CSS pixels
   */
  show(scene, camera, size, radius) {
    const ratio = window.devicePixelRatio || 1;
    fit(this.canvas, size, ratio);
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.ready(scene, radius * ratio);
    const { graph, order, levels, looks } = scene;
    const scale = (size.height / 2 / camera.distance) * ratio;
    const [left, top] = [(size.width / 2) * ratio - camera.x * scale, (size.height / 2) * ratio + camera.y * scale];
    const margin = 2 * LARGEST * ratio;
    const [right, bottom] = [this.canvas.width + margin, this.canvas.height + margin];
    for (let k = 0; k < order.length; k += 1) {
      const row = order[k];
      const [x, y] = [left + graph.x[row] * scale, top - graph.y[row] * scale];
      if (x < -margin || y < -margin || x > right || y > bottom) continue;
      const stamp = this.stamp(levels[row], looks[row]);
      context.drawImage(stamp, Math.round(x - stamp.width / 2), Math.round(y - stamp.height / 2));
    }
  }

  /** Throws stamps away when colours or sizes are others. */
  ready({ colours, theme }, radius) {
    const key = `${theme.background} ${theme.text} ${radius.toFixed(1)}`;
    if (this.key === key && this.colours === colours) return;
    [this.key, this.colours, this.theme, this.radius] = [key, colours, theme, radius];
    this.stamps.clear();
  }

  stamp(level, look) {
    const key = 4 * level + look;
    let stamp = this.stamps.get(key);
    if (!stamp) {
      stamp = this.draw(this.colours[level], look);
      this.stamps.set(key, stamp);
    }
    return stamp;
  }

  draw(colour, look) {
    const { theme } = this;
    const radius = look === LOOKS.selected ? 1.25 * this.radius : look === LOOKS.faded ? 0.85 * this.radius : this.radius;
    const stamp = document.createElement("canvas");
    stamp.width = stamp.height = Math.ceil(2 * radius + 4);
    const context = stamp.getContext("2d");
    const centre = stamp.width / 2;
    const disc = (size, fill) => {
      context.beginPath();
      context.arc(centre, centre, size, 0, 2 * Math.PI);
      context.fillStyle = fill;
      context.fill();
    };
    disc(radius + 1, look === LOOKS.selected ? theme.text : theme.background);
    disc(radius, look === LOOKS.faded ? toHex(mix(toRgb(colour), toRgb(theme.background), KEPT)) : colour);
    return stamp;
  }
}
