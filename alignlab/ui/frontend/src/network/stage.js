// The drawing on screen: layers of edges, nodes and marks, the camera, and the mouse.
import { cameraOf, isSameCamera } from "../camera.js";
import { el } from "../dom.js";
import { Grid } from "../grid.js";
import { Tooltip } from "../tooltip.js";
import { EdgeLayer, fit } from "./edges.js";
import { NodeLayer, nodeRadius } from "./nodes.js";

const CLICK_REACH = 4;
const NEAREST = 0.004;
/** A node with more neighbours shows the first of its edges only. */
const LINES_UP_TO = 4000;

export class Stage {
  /** @param {object} owner is told `over(row)`, `clicked(row, shift)`, `lassoed(corners, how)`, `moved()`, `typed(event)` and asked for `marks()` and `tipOf(row)` */
  constructor(owner) {
    this.owner = owner;
    this.listeners = new AbortController();
    const layer = () => el("canvas", { class: "al-marks" });
    [this.edgeCanvas, this.nodeCanvas, this.markCanvas] = [layer(), layer(), layer()];
    this.title = el("div", { class: "al-title" });
    this.tip = new Tooltip();
    this.node = el("div", { class: "al-stage", tabindex: 0, role: "application" }, this.edgeCanvas, this.nodeCanvas, this.markCanvas, this.title, this.tip.node);
    this.edges = new EdgeLayer(this.edgeCanvas, () => owner.pictured());
    this.nodes = new NodeLayer(this.nodeCanvas);
    this.mode = "panZoom";
    this.press = null;
    this.frames = 0;
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.node);
    this.listen();
  }

  /** Takes another graph; the camera sees all of it unless one is given. */
  place(graph, camera) {
    this.graph = graph;
    this.grid = new Grid(graph.x, graph.y);
    this.everybody = new Uint8Array(graph.n).fill(1);
    this.size = this.room();
    this.camera = camera ?? this.home;
  }

  paint(scene) {
    this.scene = scene;
    this.draw();
  }

  room() {
    return { width: Math.max(2, this.node.clientWidth), height: Math.max(2, this.node.clientHeight) };
  }

  resize() {
    if (!this.scene) return;
    const isWhole = this.isWhole;
    this.size = this.room();
    if (isWhole) this.camera = this.home;
    this.draw();
  }

  get home() {
    return cameraOf(this.graph.frame, this.size.width / this.size.height);
  }

  get isWhole() {
    return isSameCamera(this.camera, this.home);
  }

  /** Draws all layers at most once per frame. */
  draw() {
    this.pending ??= requestAnimationFrame(() => {
      this.pending = null;
      this.frames += 1;
      const { scene, camera, size } = this;
      this.radius = nodeRadius(this.graph.n, size, this.home.distance / camera.distance);
      this.edges.show(scene, camera, size);
      this.nodes.show(scene, camera, size, this.radius);
      this.drawMarks();
    });
  }

  drawMarks() {
    if (!this.scene) return;
    const ratio = window.devicePixelRatio || 1;
    fit(this.markCanvas, this.size, ratio);
    const context = this.markCanvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.size.width, this.size.height);
    const { hover, pick } = this.owner.marks();
    const { theme } = this.scene;
    this.edgeCanvas.style.opacity = hover === null && pick === null ? "" : "0.5";
    if (pick !== null) this.drawStar(context, pick, theme.accent);
    if (hover !== null && hover !== pick) this.drawStar(context, hover, theme.text);
    if (this.press?.outline) this.drawLasso(context, this.press.outline, theme);
  }

  /** A node with the edges that leave it. */
  drawStar(context, row, colour) {
    const at = this.screen(row);
    context.beginPath();
    for (const other of this.graph.neighbours(row).subarray(0, LINES_UP_TO)) {
      context.moveTo(...at);
      context.lineTo(...this.screen(other));
    }
    context.globalAlpha = 0.7;
    context.lineWidth = 1;
    context.strokeStyle = colour;
    context.stroke();
    context.globalAlpha = 1;
    const { theme, colours, levels } = this.scene;
    const disc = (radius, fill) => {
      context.beginPath();
      context.arc(at[0], at[1], radius, 0, 2 * Math.PI);
      context.fillStyle = fill;
      context.fill();
    };
    disc(this.radius + 6, theme.background);
    disc(this.radius + 4, colour);
    disc(this.radius + 2, theme.background);
    disc(this.radius, colours[levels[row]]);
  }

  drawLasso(context, outline, theme) {
    context.beginPath();
    outline.forEach((corner, k) => (k === 0 ? context.moveTo(...corner) : context.lineTo(...corner)));
    context.closePath();
    context.fillStyle = theme.accent;
    context.globalAlpha = 0.12;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 2;
    context.strokeStyle = theme.accent;
    context.stroke();
  }

  /** Where a row is, in CSS pixels. */
  screen(row) {
    const { x, y, distance } = this.camera;
    const scale = this.size.height / 2 / distance;
    return [this.size.width / 2 + (this.graph.x[row] - x) * scale, this.size.height / 2 - (this.graph.y[row] - y) * scale];
  }

  /** The graph's coordinates of a place on screen. */
  unproject([px, py]) {
    const { x, y, distance } = this.camera;
    const unit = (2 * distance) / this.size.height;
    return [x + (px - this.size.width / 2) * unit, y - (py - this.size.height / 2) * unit];
  }

  look(camera) {
    this.camera = { ...camera, distance: Math.min(2 * this.home.distance, Math.max(NEAREST, camera.distance)) };
    this.tip.hide();
    this.owner.moved();
    this.draw();
  }

  /** Zooms by a factor around a place on screen, else around the middle. */
  zoom(factor, at = [this.size.width / 2, this.size.height / 2]) {
    const [x, y] = this.unproject(at);
    const distance = Math.min(2 * this.home.distance, Math.max(NEAREST, this.camera.distance * factor));
    const kept = distance / this.camera.distance;
    this.look({ x: x + (this.camera.x - x) * kept, y: y + (this.camera.y - y) * kept, distance });
  }

  pan([dx, dy]) {
    this.look({ ...this.camera, x: this.camera.x + dx * this.camera.distance, y: this.camera.y + dy * this.camera.distance });
  }

  rowAt(at) {
    if (!this.grid) return null;
    const unit = (2 * this.camera.distance) / this.size.height;
    return this.grid.nearest(...this.unproject(at), ((this.radius ?? 3) + CLICK_REACH) * unit, this.everybody, 1);
  }

  get middleRow() {
    const { width, height } = this.size;
    const unit = (2 * this.camera.distance) / height;
    return this.grid.nearest(...this.unproject([width / 2, height / 2]), (width / 4) * unit, this.everybody, 1);
  }

  placeOf(event) {
    const { left, top } = this.node.getBoundingClientRect();
    return [event.clientX - left - this.node.clientLeft, event.clientY - top - this.node.clientTop];
  }

  listen() {
    const options = { signal: this.listeners.signal };
    this.node.addEventListener("pointerdown", (event) => this.onDown(event), options);
    this.node.addEventListener("mousedown", (event) => this.onMouseDown(event), options);
    this.node.addEventListener("pointermove", (event) => this.onMove(event), options);
    this.node.addEventListener("pointerup", (event) => this.onUp(event), options);
    this.node.addEventListener("pointercancel", () => this.stopPress(), options);
    this.node.addEventListener("pointerleave", () => !this.press && this.pointAt(null), options);
    this.node.addEventListener("wheel", (event) => this.onWheel(event), { ...options, passive: false });
    this.node.addEventListener("keydown", (event) => event.target === this.node && this.owner.typed(event), options);
  }

  onWheel(event) {
    if (!this.scene) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 16 : 1;
    this.zoom(Math.exp(Math.max(-0.7, Math.min(0.7, event.deltaY * unit * 0.0016))), this.placeOf(event));
  }

  /** The browser would select the page's text while a lasso is drawn; told not to, it does not move the focus either. */
  onMouseDown(event) {
    event.preventDefault();
    this.node.focus({ preventScroll: true });
  }

  onDown(event) {
    if (event.button !== 0 || !this.scene) return;
    this.node.setPointerCapture(event.pointerId);
    const at = this.placeOf(event);
    const isLasso = this.mode !== "panZoom" || event.shiftKey;
    this.press = { at, camera: this.camera, outline: isLasso ? [at] : null, strayed: false };
  }

  onMove(event) {
    const at = this.placeOf(event);
    if (this.press) {
      this.drag(at);
      return;
    }
    this.pointer = at;
    this.lookPending ??= requestAnimationFrame(() => {
      this.lookPending = null;
      if (this.pointer && !this.press) this.pointAt(this.rowAt(this.pointer));
    });
  }

  drag(at) {
    const { press } = this;
    press.strayed ||= Math.hypot(at[0] - press.at[0], at[1] - press.at[1]) >= CLICK_REACH;
    if (!press.strayed) return;
    this.pointAt(null);
    if (press.outline) {
      press.outline = this.mode === "box" ? box(press.at, at) : [...press.outline, at];
      this.drawMarks();
      return;
    }
    const unit = (2 * this.camera.distance) / this.size.height;
    this.look({ ...press.camera, x: press.camera.x - (at[0] - press.at[0]) * unit, y: press.camera.y + (at[1] - press.at[1]) * unit });
  }

  onUp(event) {
    const { press } = this;
    if (!press) return;
    this.stopPress();
    const row = press.strayed ? null : this.rowAt(press.at);
    if (row !== null) this.owner.clicked(row, event.shiftKey);
    else if (press.strayed && press.outline) {
      const corners = press.outline.map((corner) => this.unproject(corner));
      this.owner.lassoed(corners.flat(), event.altKey ? "remove" : event.shiftKey ? "add" : "replace");
    }
  }

  stopPress() {
    this.press = null;
    this.drawMarks();
  }

  pointAt(row) {
    if (row === null) this.pointer = null;
    this.node.style.cursor = row === null ? "" : "pointer";
    if (this.owner.over(row)) this.drawMarks();
    if (row === null) this.tip.hide();
    else {
      const { name, parts } = this.owner.tipOf(row);
      this.tip.show(name, parts, this.screen(row), this.size.width);
    }
  }

  destroy() {
    this.listeners.abort();
    this.observer.disconnect();
    cancelAnimationFrame(this.pending);
    cancelAnimationFrame(this.lookPending);
    this.edges.destroy();
    this.node.remove();
  }
}

function box([x0, y0], [x1, y1]) {
  return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
}
