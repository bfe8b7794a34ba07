// Filters as a person makes them: the panel, the chips, and what follows. The server is not asked.
import { writeAddress } from "./address.js";
import { Chips } from "./chips.js";
import { FilterPanel } from "./filter_panel.js";
import { formatFilters } from "./filters.js";
import { SHOWN } from "./order.js";

export class Filtering {
  /** @param {import("./map.js").LatentMap} map */
  constructor(map) {
    this.map = map;
    this.panel = new FilterPanel({ onChange: (name, filter) => this.set(name, filter), onClose: () => this.toggle() });
    this.chips = new Chips({ onRemove: (name) => this.set(name, null), onSelect: () => this.selectShown(), onClear: () => this.clear() });
  }

  /** Sets the filter of one field, or takes it away (null). */
  set(name, filter) {
    const filters = new Map(this.map.session.filters);
    if (filter) filters.set(name, filter);
    else filters.delete(name);
    this.take(filters);
  }

  clear() {
    this.take(new Map());
  }

  take(filters) {
    const { map } = this;
    map.session.filters = filters;
    map.link.notes = [];
    map.sift();
    map.restyle();
    writeAddress({ filter: formatFilters(filters) });
    map.choosing.reportLasso();
  }

  selectShown() {
    const { scene, meta } = this.map;
    const mask = new Uint8Array(meta.n);
    for (let i = 0; i < meta.n; i += 1) if (scene.standing[i] === SHOWN) mask[i] = 1;
    this.map.choosing.choose(mask, "replace");
  }

  toggle() {
    const { session, settings, controls } = this.map;
    const opening = !this.panel.isOpen;
    if (opening) this.panel.open(this.state, session.filters.keys().next().value ?? settings.colour);
    else this.panel.close();
    controls.filter.setAttribute("aria-expanded", String(opening));
    if (!opening) controls.filter.focus();
  }

  /** Shows what holds now. */
  show() {
    const { session, settings, columns, meta, scene, link } = this.map;
    const collapsed = settings.duplicates === "collapsed";
    const objects = { collapsed, sources: collapsed ? columns.collapsed.sources : meta.n };
    this.chips.show(session.filters, meta, scene.shown, objects, link.notes);
    this.panel.refresh(this.state);
  }

  get state() {
    const { columns, session, scene } = this.map;
    return { codesOf: (name) => columns.codesOf(name, session.labelled), filters: session.filters, standing: scene.standing };
  }
}
