// What is drawn at this moment: colours, who is shown, and in which order; made from columns that are read once.
import { CategoryColouring, VariableColouring } from "./colouring.js";
import { Objects } from "./duplicates.js";
import { LABELLED, standingOf } from "./filters.js";
import { LOOKS, drawingOrder, looksOf } from "./order.js";

/** The columns of a table as typed arrays, each fetched once; together with what follows from them. */
export class Columns {
  constructor(table, meta) {
    [this.table, this.meta, this.rows] = [table, meta, table.numRows];
    this.known = new Map();
  }

  get(name) {
    if (!this.known.has(name)) this.known.set(name, this.table.getChild(name)?.toArray() ?? null);
    return this.known.get(name);
  }

  /** The observations of each source; null where no source has several. */
  get objects() {
    if (this.madeObjects === undefined) {
      const numbers = this.meta.duplicates > 0 ? this.get("object") : null;
      this.madeObjects = numbers ? new Objects(numbers) : null;
    }
    return this.madeObjects;
  }

  /** Mask of the observations that stand behind another one of their source, and the number of sources. */
  get collapsed() {
    if (!this.madeCollapsed) {
      const hidden = this.objects.collapse(this.get("counts"));
      let sources = 0;
      for (let i = 0; i < this.meta.n; i += 1) sources += 1 - hidden[i];
      this.madeCollapsed = { hidden, sources };
    }
    return this.madeCollapsed;
  }

  /** Codes of a field for the filters; "labelled" is one that the page tells, not the table. */
  codesOf(name, labelled) {
    if (name !== LABELLED.name) return this.get(name);
    const codes = new Uint8Array(this.rows);
    if (labelled) codes.set(labelled);
    return codes;
  }
}

export class Scene {
  constructor() {
    this.shown = 0;
  }

  /** Works out who is shown, from the filters and from whether several observations are to be one point. */
  sift(columns, session, duplicates) {
    const { meta, rows } = columns;
    const hidden = duplicates === "collapsed" && columns.objects ? columns.collapsed.hidden : null;
    const codesOf = (name) => columns.codesOf(name, session.labelled);
    Object.assign(this, standingOf(session.filters, meta, codesOf, hidden, rows));
  }

  /** Works out the colours. */
  colour(columns, settings, palettes, theme) {
    const { meta } = columns;
    const variable = meta.variables.find((field) => field.name === settings.colour);
    const field = variable ?? meta.categories.find((category) => category.name === settings.colour);
    const make = variable ? VariableColouring : CategoryColouring;
    this.colouring = new make(field, columns.get(field.name), meta.n, settings, palettes, theme.dark);
    this.levels = this.colouring.levels;
    this.theme = theme;
    this.isOrdered = Boolean(variable) || Boolean(field.ordinal);
  }

  /** Works out looks and drawing order; last, since both follow from the rest. */
  arrange(selection, order) {
    const { looks, counts } = looksOf(this.standing, selection.mask, selection.count > 0);
    const kind = this.isOrdered ? (order ?? "value") : "plain";
    Object.assign(this, { looks, counts, order: drawingOrder(this.levels, this.standing, selection.mask, kind) });
  }

  isFaded(row) {
    return this.looks[row] === LOOKS.faded;
  }

  isHidden(row) {
    return this.looks[row] === LOOKS.hidden;
  }
}
