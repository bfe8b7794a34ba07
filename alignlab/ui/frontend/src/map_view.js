// One map on screen: the canvas of its points, the layer of marks above it, its title, its tooltip, and the mouse.
import { el } from "./dom.js";
import { drawMarks } from "./marks.js";
import { SHOWN } from "./order.js";
import { Points } from "./points.js";
import { Tooltip } from "./tooltip.js";

const CLICK_REACH = 4;
const NO_MARKS = { pick: null, neighbours: [], overlays: [], hover: null, links: [], ringed: [] };

export class MapView {
  /** @param {object} owner is told `over(row)`, `clicked(row, shift)`, `lassoed(outline, how, view)`, `moved(view)`, `travels(step)`, `typed(event, view)` and asked for `marks()`, `words()`, `tipOf(row)`, `standing`, `theme` */
  constructor(owner) {
    this.owner = owner;
    this.listeners = new AbortController();
    this.canvas = el("canvas", {});
    this.layer = el("canvas", { class: "al-marks" });
    this.title = el("div", { class: "al-title" });
    this.tip = new Tooltip();
    this.stage = el("div", { class: "al-stage", tabindex: 0, role: "application" }, this.canvas, this.layer, this.title, this.tip.node);
    this.held = { shift: false, alt: false, at: [0, 0] };
    this.pressedAt = [0, 0];
    this.lassoing = false;
    this.listen();
  }

  /** Takes coordinates; says whether they are others than before. */
  place({ table, n, title, geometry, words }) {
    this.title.textContent = title;
    this.stage.setAttribute("aria-label", words);
    this.points ??= this.createPoints();
    if (this.geometry === geometry && this.points.x.length === table.numRows) return false;
    this.geometry = geometry;
    this.points.place(table.getChild("x").toArray(), table.getChild("y").toArray(), n);
    return true;
  }

  /** Pan and zoom, or a lasso: freehand or a rectangle. */
  setLasso(mode, type) {
    this.lassoMode = { mode, type };
    this.points?.setLasso(this.lassoMode);
  }

  createPoints() {
    // The canvas asks for its size many times per frame; the page tells when it changes.
    this.size = this.stage.getBoundingClientRect();
    const points = new Points(this.canvas, () => this.size, {
      lassoStart: () => {
        this.lassoing = true;
        this.pointAt(null);
      },
      lassoEnd: ({ coordinates }) => this.onLasso(coordinates),
      view: () => this.onView(),
      draw: () => this.drawLayer(),
      transitionStart: () => this.owner.travels(1),
      transitionEnd: () => this.owner.travels(-1),
    });
    points.setLasso(this.lassoMode);
    this.observer = new ResizeObserver(() => {
      const size = this.stage.getBoundingClientRect();
      if (size.width < 2 || size.height < 2 || !points.scene) return;
      const isWhole = points.isWhole;
      this.size = size;
      points.resize(isWhole);
      this.drawLayer();
    });
    this.observer.observe(this.stage);
    return points;
  }

  paint(scene) {
    return this.points.paint(scene).then(() => this.drawLayer());
  }

  /**
   * The library takes the mouse's moves, not where it was pressed and, when the page is busy, not where it was let go: both
   * corners come from the events themselves.
   */
  onLasso(coordinates) {
    this.lassoing = false;
    const { shift, alt, at } = this.held;
    if (coordinates.length < 3 && Math.hypot(at[0] - this.pressedAt[0], at[1] - this.pressedAt[1]) < CLICK_REACH) return;
    this.hasDrawn = true;
    const [first, last] = [this.pressedAt, at].map(([clientX, clientY]) => this.points.unproject(this.placeOf({ clientX, clientY })));
    const isBox = this.lassoMode.type === "rectangle";
    const outline = isBox ? [first, [last[0], first[1]], last, [first[0], last[1]]] : [first, ...coordinates, last];
    this.owner.lassoed(outline.map((corner) => this.points.toData(corner)), alt ? "remove" : shift ? "add" : "replace", this);
  }

  /** A mouse event's place in CSS pixels from the corner of the map. */
  placeOf(event) {
    const { left, top } = this.stage.getBoundingClientRect();
    return [event.clientX - left - this.stage.clientLeft, event.clientY - top - this.stage.clientTop];
  }

  onView() {
    if (!this.points.travelling) this.owner.moved(this);
    this.tip.hide();
    this.drawLayer();
  }

  listen() {
    const options = { signal: this.listeners.signal };
    const early = { ...options, capture: true };
    const note = (event) => (this.held = { shift: event.shiftKey, alt: event.altKey, at: [event.clientX, event.clientY] });
    this.canvas.addEventListener("mousedown", (event) => {
      note(event);
      this.pressedAt = [event.clientX, event.clientY];
      this.strayed = false;
    }, early);
    window.addEventListener("mouseup", note, early);
    this.canvas.addEventListener("mousemove", (event) => this.onMove(event), options);
    this.canvas.addEventListener("mouseleave", () => this.pointAt(null), options);
    this.canvas.addEventListener("click", (event) => this.onClick(event), options);
    this.stage.addEventListener("keydown", (event) => event.target === this.stage && this.owner.typed(event, this), options);
  }

  onMove(event) {
    if (event.buttons !== 0 && !this.isNearPress(event)) this.strayed = true;
    if (event.buttons !== 0 || this.lassoing) return;
    this.pointer = event;
    this.lookPending ??= requestAnimationFrame(() => {
      this.lookPending = null;
      if (this.pointer) this.pointAt(this.rowAt(this.pointer));
    });
  }

  onClick(event) {
    // A lasso that ends where it began is no click.
    if (this.strayed || !this.isNearPress(event)) return;
    const row = this.rowAt(event);
    if (row !== null) this.owner.clicked(row, event.shiftKey);
  }

  isNearPress(event) {
    const [x, y] = this.pressedAt;
    return Math.hypot(event.clientX - x, event.clientY - y) < CLICK_REACH;
  }

  /** The row under a mouse event; null where there is none, or while the points are on their way. */
  rowAt(event) {
    if (!this.points?.isDrawn || this.points.travelling || this.points.isGone) return null;
    return this.points.nearest(this.placeOf(event), this.owner.standing, SHOWN);
  }

  /** The row in the middle of the view, for those who have no mouse. */
  get middleRow() {
    const { width, height } = this.size;
    return this.points.nearest([width / 2, height / 2], this.owner.standing, SHOWN, width / 4);
  }

  pointAt(row) {
    if (row === null) this.pointer = null;
    this.owner.over(row);
    this.canvas.style.cursor = row === null ? "" : "pointer";
    if (row === null) {
      this.tip.hide();
      return;
    }
    const { name, parts } = this.owner.tipOf(row);
    this.tip.show(name, parts, this.points.screen()(row), this.stage.clientWidth);
  }

  /** Draws the marks at most once per frame. */
  drawLayer() {
    if (!this.points?.isDrawn || this.framePending) return;
    this.framePending = true;
    requestAnimationFrame(() => {
      this.framePending = false;
      if (this.points.isGone) return;
      const { width, height } = this.size;
      const ratio = window.devicePixelRatio || 1;
      const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (this.layer.width !== w || this.layer.height !== h) [this.layer.width, this.layer.height] = [w, h];
      const context = this.layer.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      const marks = this.points.travelling ? NO_MARKS : this.owner.marks();
      drawMarks(context, { width, height }, this.points.screen(), marks, this.owner.theme, this.owner.words());
    });
  }

  destroy() {
    this.listeners.abort();
    this.observer?.disconnect();
    cancelAnimationFrame(this.lookPending);
    this.points?.destroy();
    this.stage.remove();
  }
}
