// What a person picks and selects, and how the page hears of it.
import { formatFilters } from "./filters.js";

export class Choosing {
  /** @param {import("./map.js").LatentMap} map */
  constructor(map) {
    this.map = map;
  }

  /** Makes `mask` the selection, or adds it, or takes it away. */
  choose(mask, how, lasso = null) {
    this.map.session.selection.combine(mask, how, lasso);
    this.selected();
  }

  /** Adds one source to the selection or takes it out; the one in the card begins a selection with it. */
  toggle(row) {
    const { session, meta } = this.map;
    const { selection, pick } = session;
    if (selection.count === 0 && pick !== null && pick < meta.n && pick !== row) selection.toggle(pick);
    selection.toggle(row);
    session.pick = row;
    session.neighbours = [];
    this.selected();
  }

  clear() {
    if (this.map.session.selection.count === 0) return;
    this.map.session.selection.clear();
    this.selected();
  }

  selected() {
    this.map.restyle();
    this.report();
  }

  take(row) {
    const { session } = this.map;
    if (row === session.pick) return;
    [session.pick, session.neighbours] = [row, []];
    this.report();
    this.map.drawMarks();
  }

  report() {
    const { session, meta, link } = this.map;
    const { pick, selection, rows, filters } = session;
    session.serial += 1;
    session.reportedLasso = link.lassoCode;
    const view = { dataset: meta.dataset, rows, pick, count: selection.count, selection: selection.code };
    this.map.api.setStateValue("view", { ...view, lasso: session.reportedLasso, filter: formatFilters(filters), serial: session.serial });
    link.publish();
  }

  get isLassoNews() {
    return this.map.link.lassoCode !== (this.map.session.reportedLasso ?? "");
  }

  /** Tells the page when the selection is no longer, or again, what its lasso gives. */
  reportLasso() {
    if (this.isLassoNews) this.report();
    else this.map.link.publish();
  }

  openMiddle(view) {
    const row = view.middleRow;
    if (row !== null) this.take(row);
  }
}
