// What the page tells the map without sending the table again: pick, neighbours, labels, layout, and what to change.
import { unpackBits } from "./bits.js";

const FLY_AT_LEAST = 4;

export class Page {
  /** @param {import("./map.js").LatentMap} map */
  constructor(map) {
    this.map = map;
  }

  /** Takes what the page says about the whole map: layout, audience, and who is labelled. Says whether that is news. */
  note(marks) {
    const { session, meta } = this.map;
    if (!marks || marks.dataset !== meta.dataset) return false;
    const { layout = "one", present = false, labelled = "" } = marks;
    const news = layout !== session.layout || present !== session.present || labelled !== session.labelledCode;
    if (labelled !== session.labelledCode) [session.labelled, session.labelledCode] = [labelled ? unpackBits(labelled, meta.n) : null, labelled];
    Object.assign(session, { layout, present });
    return news;
  }

  /** Takes the pick and its neighbours from the page, its layout, and what it asks to change. */
  receive(marks) {
    const { session, meta } = this.map;
    if (!marks || marks.dataset !== meta?.dataset || marks.rows !== meta.rows || (marks.geometry ?? meta.geometry) !== meta.geometry) return;
    const news = this.note(marks);
    const flies = marks.fly && marks.pick !== null && marks.pick !== session.pick;
    [session.pick, session.neighbours] = [marks.pick ?? null, marks.neighbours ?? []];
    const done = this.map.link.obey(marks.command);
    if (news || done) this.map.sift();
    if (done && Object.keys(done.change).length > 0) this.map.change(done.change);
    else if (news || done) this.map.recolour();
    if (done?.moves) this.map.placed.forEach((view, k) => view.points.fly(this.map.link.cameraFor(view, k) ?? view.points.home));
    if (flies) this.map.placed.forEach((view) => view.points.fly(view.points.cameraAt(session.pick, FLY_AT_LEAST)));
    this.map.drawMarks();
  }
}
