// The layer of edges: summed into fields of density a few milliseconds per frame, so that the mouse never waits. Until a new
// picture is done the last one is moved and stretched with the camera.
import { Density } from "./density.js";
import { toRgb } from "../theme.js";

const SLICE_MS = 9;
const AT_A_TIME = 1500;
const MOST = { light: 0.68, dark: 0.75 };
/** How much of its ink is left to an edge beside those that are emphasised. */
const FADED = 0.35;
/** Edges longer than this share of the drawing's width lose weight: they say least about where a node belongs. */
const LONG = 0.12;

export class EdgeLayer {
  /** @param {HTMLCanvasElement} canvas  @param {() => void} onPicture called when a new picture is done */
  constructor(canvas, onPicture) {
    this.canvas = canvas;
    this.onPicture = onPicture;
    this.picture = document.createElement("canvas");
    this.pictureCamera = null;
    this.work = null;
    this.wanted = null;
  }

  /**
   * Shows the edges as seen by a camera, at once by the last picture, soon by a new one.
   *
   * @param {object} scene `graph`, `chosen` (mask of rows, or null), `only` (edges of chosen rows alone), `hidden`, `theme`, `serial`: another one
   *   means that the picture is out of date
   */
  show(scene, camera, size) {
    this.wanted = { scene, camera, size };
    this.compose();
    if (!this.isCurrent(this.wanted) && this.work === null) this.begin();
  }

  isCurrent({ scene, camera, size }) {
    const done = this.done;
    return Boolean(done) && done.scene.serial === scene.serial && done.size.width === size.width && done.size.height === size.height && same(done.camera, camera);
  }

  begin() {
    const { scene, camera, size } = this.wanted;
    const { width, height } = size;
    if (this.plain?.width !== Math.floor(width) || this.plain?.height !== Math.floor(height)) [this.plain, this.strong] = [new Density(width, height), new Density(width, height)];
    this.plain.clear();
    this.strong.clear();
    this.work = { scene, camera, size, next: 0 };
    this.frame = requestAnimationFrame(() => this.slice());
  }

  /** Sums edges for a few milliseconds; the rest waits for the next frame. */
  slice() {
    const { work } = this;
    const { graph, hidden } = work.scene;
    const end = performance.now() + SLICE_MS;
    const total = hidden ? 0 : graph.size;
    while (work.next < total && performance.now() < end) {
      const stop = Math.min(total, work.next + AT_A_TIME);
      this.sum(work, work.next, stop);
      work.next = stop;
    }
    if (work.scene.serial !== this.wanted.scene.serial) this.begin();
    else if (work.next < total) this.frame = requestAnimationFrame(() => this.slice());
    else this.finish();
  }

  sum({ scene, camera, size }, from, to) {
    const { first, second, weight, x, y } = scene.graph;
    const { chosen, only } = scene;
    const scale = size.height / 2 / camera.distance;
    const [left, top] = [size.width / 2 - camera.x * scale, size.height / 2 + camera.y * scale];
    for (let e = from; e < to; e += 1) {
      const [i, j] = [first[e], second[e]];
      const isStrong = chosen !== null && (chosen[i] === 1 || chosen[j] === 1);
      if (only && !isStrong) continue;
      const [dx, dy] = [x[i] - x[j], y[i] - y[j]];
      const length = Math.sqrt(dx * dx + dy * dy);
      const ink = (0.35 + (0.65 * weight[e]) / 255) * (length > LONG ? LONG / length : 1);
      (isStrong ? this.strong : this.plain).line(left + x[i] * scale, top - y[i] * scale, left + x[j] * scale, top - y[j] * scale, ink);
    }
  }

  finish() {
    const { scene, camera, size } = this.work;
    const { width, height } = this.plain;
    [this.picture.width, this.picture.height] = [width, height];
    const context = this.picture.getContext("2d");
    const most = MOST[scene.theme.dark ? "dark" : "light"];
    const full = this.plain.full;
    context.putImageData(inked(this.plain, toRgb(scene.theme.text), most * (scene.chosen ? FADED : 1), full), 0, 0);
    if (scene.chosen) {
      const above = document.createElement("canvas");
      [above.width, above.height] = [width, height];
      above.getContext("2d").putImageData(inked(this.strong, toRgb(scene.theme.accent), 0.8, Math.min(full, this.strong.full)), 0, 0);
      context.drawImage(above, 0, 0);
    }
    this.done = { scene, camera, size };
    this.work = null;
    this.compose();
    this.onPicture();
    if (!this.isCurrent(this.wanted)) this.begin();
  }

  /** Draws the last picture where the camera sees it now. */
  compose() {
    const { camera, size } = this.wanted;
    const ratio = window.devicePixelRatio || 1;
    fit(this.canvas, size, ratio);
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.done) return;
    const grown = this.done.camera.distance / camera.distance;
    const scale = size.height / 2 / camera.distance;
    const [dx, dy] = [(this.done.camera.x - camera.x) * scale, -(this.done.camera.y - camera.y) * scale];
    const [w, h] = [this.picture.width * grown, this.picture.height * grown * (size.height / this.done.size.height)];
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.imageSmoothingEnabled = grown !== 1 || ratio !== 1;
    context.drawImage(this.picture, size.width / 2 + dx - w / 2, size.height / 2 + dy - h / 2, w, h);
  }

  destroy() {
    cancelAnimationFrame(this.frame);
  }
}

/** Gives a canvas the pixels that it is shown with. */
export function fit(canvas, { width, height }, ratio) {
  const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
}

function inked(density, rgb, most, full) {
  const image = new ImageData(density.width, density.height);
  density.ink(image.data, rgb, most, full);
  return image;
}

function same(a, b) {
  return a.x === b.x && a.y === b.y && a.distance === b.distance;
}
