// The points of one map: regl-scatterplot draws them and moves the camera; what a point is and where it lies is kept here.
//
// The library is handed its array of points in drawing order: [x, y, colour, look]. It is told of no selection and of an
// empty spatial index, so that a million points cost it one texture; hover and lasso are answered by Grid and lasso_code.
import createScatterplot, { createSpatialIndex } from "regl-scatterplot";
import { cameraOf, isSameCamera, viewOf } from "./camera.js";
import { Grid } from "./grid.js";
import { LOOKS } from "./order.js";
import { LEVELS } from "./stretch.js";
import { mix, toRgb } from "./theme.js";

const BANK = LEVELS + 1;
/** How much of its colour a faded point keeps; mixed, not transparent, so that crowds fade like single points. */
const KEPT = 0.25;
const FLIGHT_MS = 500;
/** The look is an index that the library rounds down, also in the middle of a transition. */
const SURE = 0.25;

export class Points {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => DOMRect} room the size that the canvas may take
   * @param {object} listeners by event of regl-scatterplot
   */
  constructor(canvas, room, listeners) {
    this.room = room;
    const { width, height } = room();
    this.plot = createScatterplot({
      canvas,
      width: Math.max(1, width),
      height: Math.max(1, height),
      syncEvents: true,
      colorBy: "valueZ",
      sizeBy: "valueW",
      opacityBy: "valueW",
      deselectOnDblClick: false,
      deselectOnEscape: false,
      actionKeyMap: { lasso: "shift" },
      lassoMinDelay: 8,
      lassoLineWidth: 2,
    });
    for (const [event, listener] of Object.entries(listeners)) this.plot.subscribe(event, listener);
    this.nothing = createSpatialIndex([[1e9, 1e9]], false);
    this.travelling = false;
    this.isDrawn = false;
    this.destination = null;
  }

  /** Takes the map's coordinates; the longer half of the own rows' box becomes 1. */
  place(x, y, n) {
    [this.dataX, this.dataY] = [x, y];
    const [left, right] = extent(x, n);
    const [bottom, top] = extent(y, n);
    this.half = Math.max(right - left, top - bottom) / 2 || 1;
    this.centre = [(left + right) / 2, (bottom + top) / 2];
    this.x = x.map((v) => (v - this.centre[0]) / this.half);
    this.y = y.map((v) => (v - this.centre[1]) / this.half);
    const [w, h] = [(right - left) / this.half || 1e-3, (top - bottom) / this.half || 1e-3];
    this.box = { x: -w / 2, y: -h / 2, width: w, height: h };
    // A little air around the points, and more on the right, where the tools are.
    this.frame = { x: -w / 2 - 0.05, y: -h / 2 - 0.05, width: w + 0.2, height: h + 0.1 };
    this.grid = new Grid(this.x, this.y);
  }

  /**
   * Draws, one scene after the other (the library refuses a second while one is under way); of scenes that wait, the last.
   *
   * @param {object} scene `colouring`, `levels`, `order`, `looks`, `counts` (of looks), `theme`; `travel` lets points move
   *   from their old places; `camera` is where to look, null for everything, undefined to leave it
   */
  paint(scene) {
    const { travel = false, camera } = this.waiting ?? {};
    this.waiting = { ...scene, travel: scene.travel || travel, camera: scene.camera === undefined ? camera : scene.camera };
    this.work ??= this.paintAll().finally(() => (this.work = null));
    return this.work;
  }

  async paintAll() {
    while (this.waiting && !this.isGone) {
      const scene = this.waiting;
      this.waiting = null;
      await this.paintNow(scene);
    }
  }

  async paintNow(scene) {
    this.scene = scene;
    this.fill(scene);
    const spatialIndex = await this.nothing;
    if (this.isGone) return;
    this.plot.set({ ...this.colours(scene), ...this.sizes(scene) });
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.travelling = scene.travel && this.isDrawn && !still;
    const options = { zDataType: "categorical", wDataType: "categorical", spatialIndex, preventFilterReset: true };
    if (this.travelling) {
      // The library takes a flight of the camera for an earlier journey of the points and stumbles over it.
      await this.flight;
      if (this.isGone) return;
      Object.assign(options, { transition: true, transitionDuration: 900 });
    }
    const drawn = this.plot.draw(this.sent, options);
    if (scene.camera !== undefined && !this.travelling) this.look(scene.camera ?? this.home);
    await drawn;
    this.isDrawn = true;
    const travelled = this.travelling;
    this.travelling = false;
    if (this.isGone) return;
    const arrival = travelled && scene.camera !== undefined ? (scene.camera ?? this.home) : null;
    const destination = this.destination ?? arrival;
    this.destination = null;
    if (destination) this.fly(destination);
  }

  /** Writes places, colours and looks into the array that the library holds. */
  fill({ levels, order, looks }) {
    const n = order.length;
    if (this.sent?.length !== n) this.sent = Array.from({ length: n }, () => [0.5, 0.5, 0.5, 0.5]);
    const { x, y, sent } = this;
    const bank = [0, BANK, 2 * BANK, 0];
    for (let k = 0; k < n; k += 1) {
      const row = order[k];
      const point = sent[k];
      point[0] = x[row];
      point[1] = y[row];
      point[2] = levels[row] + bank[looks[row]];
      point[3] = looks[row] + SURE;
    }
  }

  /** Three banks: as they are, faded into the ground, selected. A selected missing value is a darker grey, else it would pass for a faded one. */
  colours({ colouring, theme }) {
    const [ground, text] = [toRgb(theme.background), toRgb(theme.text)];
    const plain = colouring.colours.map(toRgb);
    const faded = plain.map((c) => mix(c, ground, KEPT));
    const selected = plain.map((c, level) => (level === LEVELS ? mix(c, text, 0.6) : c));
    const accent = [...toRgb(theme.accent), 1];
    return { pointColor: [...plain, ...faded, ...selected].map((c) => [...c, 1]), backgroundColor: [...ground, 1], lassoColor: accent };
  }

  /** Size and opacity of each look, from how crowded the map is, how many look so, and the room. */
  sizes({ counts }) {
    const { width, height } = this.room();
    const scale = Math.min(width / this.frame.width, height / this.frame.height);
    const total = this.x.length;
    // Between the crowded half and an even spread: dense clumps may merge, outliers stay visible.
    const spacing = Math.sqrt((scale / Math.sqrt(this.grid.crowding)) * Math.sqrt((width * height) / total));
    const pick = (count, least, most) => {
      const apart = spacing * Math.sqrt(total / Math.max(1, count));
      const size = Math.min(most, Math.max(least, 1.25 * apart));
      // Layers that lie over one another where it is crowded; past one, each gives way to the others.
      const layers = (0.785 * size * size) / (apart * apart);
      return [size, Math.min(0.9, Math.max(0.16, 0.9 / Math.max(1, layers) ** 0.55))];
    };
    const base = pick(total, 1.5, 8.5);
    const faded = [base[0], Math.min(0.8, 1.3 * base[1])];
    // What stands out is drawn larger the fewer it is, but never so large that its shape is lost.
    const most = Math.min(8.5, Math.max(3.2, 1.5 * base[0]));
    const stand = (look) => pick(Math.max(counts[look], total / 64), base[0], most);
    const plain = counts[LOOKS.faded] > 0 ? stand(LOOKS.plain) : base;
    const [size, opacity] = stand(LOOKS.selected);
    const looks = [plain, faded, [size, 0.5 + opacity / 2], [0, 0]];
    return { pointSize: looks.map((l) => l[0]), opacity: looks.map((l) => l[1]) };
  }

  /** Takes the room that there is now; a map that was shown whole stays so. */
  resize(isWhole) {
    const { width, height } = this.room();
    if (!this.scene) return;
    this.plot.set({ width, height, ...this.sizes(this.scene) });
    if (isWhole) this.look(this.home);
  }

  get isWhole() {
    return isSameCamera(this.camera, this.home);
  }

  zoom(factor, [dx, dy] = [0, 0]) {
    const { x, y, distance } = this.camera;
    this.fly({ x: x + dx * distance, y: y + dy * distance, distance: distance * factor }, 150);
  }

  /** Moves the camera there, once the points are where they belong. */
  fly(camera, duration = FLIGHT_MS) {
    if (!this.isDrawn || this.travelling) this.destination = camera;
    else if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) this.look(camera);
    else this.flight = this.plot.zoomToLocation([camera.x, camera.y], camera.distance, { transition: true, transitionDuration: duration });
  }

  look({ x, y, distance }) {
    this.plot.zoomToLocation([x, y], distance);
  }

  /** The camera that shows one row, from no farther than it is and at least `magnified` times nearer than home. */
  cameraAt(row, magnified) {
    return { x: this.x[row], y: this.y[row], distance: Math.min(this.camera.distance, this.home.distance / magnified) };
  }

  get camera() {
    const [x, y] = this.plot.get("cameraTarget");
    return { x, y, distance: this.plot.get("cameraDistance") };
  }

  get home() {
    return cameraOf(this.frame, this.aspect);
  }

  get aspect() {
    const { width, height } = this.room();
    return Math.max(1, width) / Math.max(1, height);
  }

  /** [x0, y0, x1, y1] on show, in the map's own coordinates. */
  get view() {
    return viewOf(this.camera, this.aspect).map((v, k) => v * this.half + this.centre[k % 2]);
  }

  /** A place on screen (CSS pixels from the corner of the map), in the units of this class. */
  unproject([px, py]) {
    const { x, y, distance } = this.camera;
    const { width, height } = this.room();
    const unit = (2 * distance) / height;
    return [x + (px - width / 2) * unit, y - (py - height / 2) * unit];
  }

  /** A corner of a lasso, in the map's own coordinates. */
  toData([x, y]) {
    return [x * this.half + this.centre[0], y * this.half + this.centre[1]];
  }

  /** Freehand, or a box by its corners. */
  setLasso({ mode, type }) {
    this.plot.set({ mouseMode: mode, lassoType: type });
  }

  get isGone() {
    return this.plot.get("isDestroyed");
  }

  /** Where rows are on screen at this moment: a function from row to [x, y] in CSS pixels from the corner of the map. */
  screen() {
    const { x, y, distance } = this.camera;
    const { width, height } = this.room();
    const scale = height / 2 / distance;
    return (row) => (row < this.x.length ? [width / 2 + (this.x[row] - x) * scale, height / 2 - (this.y[row] - y) * scale] : null);
  }

  /** The row nearest to a place on screen, `within` so many pixels, that has the wanted standing; null where there is none. */
  nearest(at, standing, wanted, within = 4) {
    const { distance } = this.camera;
    const unit = (2 * distance) / this.room().height;
    const growth = Math.max(1, Math.asinh(1 / distance) / Math.asinh(1));
    const reach = (within + (growth * this.plot.get("pointSize")[0]) / 2) * unit;
    return this.grid.nearest(...this.unproject(at), reach, standing, wanted);
  }

  destroy() {
    this.plot.destroy();
  }
}

function extent(values, n) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < n; i += 1) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return n > 0 ? [low, high] : [0, 0];
}
