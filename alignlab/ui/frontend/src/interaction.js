// What the mouse and the keyboard do on a map, and what its marks and its tooltip say. One for all maps: they share it.
import { keyAction, numberKey } from "./keys.js";
import { DIMMED, SHOWN } from "./order.js";
import { valueWords } from "./tooltip.js";

const RINGED_UP_TO = 60;
const LINKS_UP_TO = 2000;

export class Interaction {
  /** @param {import("./map.js").LatentMap} map */
  constructor(map) {
    this.map = map;
    this.journeys = 0;
  }

  get standing() {
    return this.map.scene.standing;
  }

  get theme() {
    return this.map.theme;
  }

  /** The source under the pointer is ringed on every map. */
  over(row) {
    if (this.map.session.hover === row) return;
    this.map.session.hover = row;
    this.map.drawMarks();
  }

  clicked(row, shift) {
    const { map } = this;
    if (!shift || row >= map.meta.n) map.choosing.take(row);
    else map.choosing.toggle(row);
  }

  lassoed(outline, how, view) {
    const { mask, lasso } = this.map.link.draw(outline, view);
    this.map.choosing.choose(mask, how, lasso);
  }

  moved(view) {
    const { cameras } = this.map.session;
    if (view.points.isWhole) cameras.delete(view.geometry);
    else cameras.set(view.geometry, view.points.camera);
    this.map.link.publishSoon();
  }

  /** Counts journeys of points and cameras that are under way. */
  travels(step) {
    this.journeys = Math.max(0, this.journeys + step);
    this.map.root.toggleAttribute("data-travelling", this.journeys > 0);
  }

  typed(event, view) {
    const action = keyAction(event, this.map.session.present);
    if (!action || !view.points?.isDrawn) return;
    action(this.map, view);
    event.preventDefault();
  }

  /** Number keys choose the colour wherever the focus is, while the page is shown to an audience. */
  typedAnywhere(event) {
    const { map } = this;
    if (!map.session?.present || event.defaultPrevented) return;
    const name = numberKey(event);
    if (event.key === "?" && event.target === document.body) map.hint.toggle();
    if (!name || !map.field(name)) return;
    map.change({ colour: name });
    event.preventDefault();
  }

  marks() {
    const { session, meta } = this.map;
    const few = session.selection.count <= RINGED_UP_TO ? session.selection.rows : [];
    const ringed = Array.from(few).filter((row) => this.standing[row] === SHOWN);
    const { pick, neighbours, hover } = session;
    return { pick, neighbours, hover, overlays: meta.overlays, links: this.links(), ringed };
  }

  /** Lines between the observations of the sources that matter at this moment. */
  links() {
    const { columns, settings, session } = this.map;
    if (settings.duplicates !== "linked" || !columns.objects) return [];
    const { rows } = session.selection;
    if (this.linkedRows !== rows) [this.linkedRows, this.selectionLinks] = [rows, columns.objects.pairs(rows, LINKS_UP_TO)];
    const near = [session.hover, session.pick].filter((row) => row !== null);
    return [...this.selectionLinks, ...columns.objects.pairs(near, LINKS_UP_TO)];
  }

  words() {
    const { map } = this;
    const fillOf = (row) => (map.colouring.isMissing(row) ? map.theme.background : map.colouring.colourOf(row));
    return { nameOf: (row) => map.nameOf(row), fillOf, isFaded: (row) => this.standing[row] === DIMMED };
  }

  tipOf(row) {
    const { map } = this;
    const overlay = map.meta.overlays.find((o) => row >= o.start && row < o.stop);
    const others = map.settings.duplicates && row < map.meta.n ? map.columns.objects.rowsOf(row).length : 1;
    const parts = [...(overlay ? [overlay.survey] : []), map.className(row), ...valueWords(map.colouring, row), ...(others > 1 ? [`${others} observations`] : [])];
    return { name: map.nameOf(row) || `source ${row}`, parts };
  }
}
