// The points themselves: regl-scatterplot with the colours of the moment, the selection and a camera that is kept.
import createScatterplot from "regl-scatterplot";
import { BANK } from "./colouring.js";
import { toRgb } from "./theme.js";

const OUTLINED_UP_TO = 50;
/** How much of its colour an unselected point keeps; mixed, not transparent, so that crowds fade like single points. */
const KEPT = 0.25;

export class Points {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => DOMRect} room the size that the canvas may take
   * @param {object} listeners by event of regl-scatterplot
   */
  constructor(canvas, room, listeners) {
    this.room = room;
    this.bank = 0;
    this.queue = Promise.resolve();
    const { width, height } = room();
    this.plot = createScatterplot({
      canvas,
      width: Math.max(1, width),
      height: Math.max(1, height),
      syncEvents: true,
      colorBy: "valueA",
      deselectOnDblClick: false,
      deselectOnEscape: false,
      actionKeyMap: { merge: "shift", lasso: "shift", remove: "alt" },
      lassoMinDelay: 8,
      lassoLineWidth: 2,
    });
    for (const [event, listener] of Object.entries(listeners)) this.plot.subscribe(event, listener);
  }

  /** Takes coordinates and fits both axes by one factor into the square that the camera sees. */
  place(x, y) {
    const [left, right] = extent(x);
    const [bottom, top] = extent(y);
    const half = Math.max(right - left, top - bottom) / 2 || 1;
    const [cx, cy] = [(left + right) / 2, (bottom + top) / 2];
    this.x = x.map((v) => (v - cx) / half);
    this.y = y.map((v) => (v - cy) / half);
    const [w, h] = [(right - left) / half, (top - bottom) / half];
    // A little air around the points, and more on the right, where the tools are.
    this.box = { x: -w / 2 - 0.05, y: -h / 2 - 0.05, width: w + 0.2, height: h + 0.1 };
    this.spatialIndex = null;
  }

  /**
   * Redraws, one call after the other: regl-scatterplot refuses a second drawing while one is under way.
   *
   * @param {object} scene colouring, selected rows, theme; `travel` lets points move from their old places; `camera` is
   *   a kept camera, null for a view of everything, undefined to leave it
   */
  paint(scene) {
    this.queue = this.queue.catch(() => {}).then(() => this.paintNow(scene));
    return this.queue;
  }

  async paintNow({ colouring, selected, theme, travel, camera }) {
    // Two banks of colours, old and new: until the frame in which the points change their index nothing changes.
    const before = this.shown ?? colouring;
    this.bank = 1 - this.bank;
    const banks = this.bank === 1 ? [before, colouring] : [colouring, before];
    this.colours = banks.flatMap((c) => c.colours).map(toRgb);
    // A selected missing value is a darker grey, else it would pass for a faded one. The library honours the colours of
    // selected and hovered points only where all three lists are of equal length.
    const text = toRgb(theme.text);
    const full = this.colours.map((c, i) => opaque(i % BANK === BANK - 1 ? mix(c, text, 0.6) : c));
    this.plot.set({ pointColorActive: full, pointColorHover: full, ...this.look(selected, theme) });
    const z = new Float32Array(this.x.length);
    colouring.levels(z, this.bank * BANK);
    const options = { zDataType: "categorical", select: selected };
    if (this.spatialIndex) options.spatialIndex = this.spatialIndex;
    this.travelling = Boolean(travel) && !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (this.travelling) Object.assign(options, { transition: true, transitionDuration: 900 });
    const drawn = this.plot.draw({ x: this.x, y: this.y, z }, options);
    if (camera !== undefined && !this.travelling) this.lookAt(camera);
    await drawn;
    this.plot.set({ pointOrder: colouring.order() });
    this.spatialIndex = this.plot.get("spatialIndex");
    this.shown = colouring;
    if (this.travelling && camera !== undefined) this.fit(true);
    this.travelling = false;
  }

  /** Point size and the look of the selection, from the number of points, the room and the theme. */
  look(selected, theme) {
    const { width, height } = this.room();
    const spacing = Math.sqrt((width * height) / Math.max(1, this.x.length));
    const many = selected.length > OUTLINED_UP_TO;
    return {
      pointColor: selected.length > 0 ? this.faded(theme) : this.colours.map(opaque),
      pointSize: Math.min(9, Math.max(1.5, 0.62 * spacing)),
      opacity: this.x.length > 50000 ? 0.6 : 0.85,
      pointSizeSelected: many ? 0.5 : 1.5,
      pointOutlineWidth: many ? 0.5 : 1,
      backgroundColor: [...toRgb(theme.background), 1],
      lassoColor: [...toRgb(theme.accent), 1],
    };
  }

  faded(theme) {
    const background = toRgb(theme.background);
    return this.colours.map((c) => opaque(mix(c, background, KEPT)));
  }

  select(selected, theme) {
    this.plot.select(selected, { preventEvent: true });
    this.plot.set(this.look(selected, theme));
  }

  resize(selected, theme) {
    const { width, height } = this.room();
    if (width < 2 || height < 2 || !this.colours) return;
    this.plot.set({ width, height, ...this.look(selected, theme) });
  }

  zoom(factor, [dx, dy] = [0, 0]) {
    const [x, y] = this.plot.get("cameraTarget");
    const distance = this.plot.get("cameraDistance");
    const target = [x + dx * distance, y + dy * distance];
    this.plot.zoomToLocation(target, distance * factor, { transition: true, transitionDuration: 150 });
  }

  fit(smoothly) {
    this.plot.zoomToArea(this.box, { transition: smoothly, transitionDuration: 350 });
  }

  lookAt(camera) {
    if (camera) this.plot.set({ cameraView: Float32Array.from(camera) });
    else this.fit(false);
  }

  get camera() {
    return Array.from(this.plot.get("cameraView"));
  }

  get mode() {
    return this.plot.get("mouseMode");
  }

  set mode(mode) {
    this.plot.set({ mouseMode: mode });
  }

  get isDrawn() {
    return this.plot.get("isPointsDrawn");
  }

  get isGone() {
    return this.plot.get("isDestroyed");
  }

  /** Where a row is on screen, in CSS pixels from the corner of the map. */
  screen(row) {
    return this.plot.getScreenPosition(row);
  }

  destroy() {
    this.plot.destroy();
  }
}

/** `share` of one colour and the rest of the other. */
function mix(colour, other, share) {
  return colour.map((c, k) => share * c + (1 - share) * other[k]);
}

function opaque(colour) {
  return [...colour, 1];
}

function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return [low, high];
}
