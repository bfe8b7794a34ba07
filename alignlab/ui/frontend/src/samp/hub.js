// One connection to the SAMP hub on this computer (Web Profile), kept for as long as the browser shows the app.
import { samp } from "./library.js";

const LOAD = "table.load.votable";
const ROW = "table.highlight.row";
const ROWS = "table.select.rowList";
const POINT = "coord.pointAt.sky";
const HUB = "http://localhost:21012/";
const ABOUT = { "samp.name": "alignlab", "samp.description.text": "X-ray sources seen through their spectra and papers" };

export class Hub {
  constructor() {
    /** "off", "asking", "on", "absent" or "refused". */
    this.state = "off";
    /** Called with no argument whenever something here has changed. */
    this.watchers = new Set();
    /** Takes what another program highlighted: { table, rows, kind: "row" or "list" }; null while no page can. */
    this.listener = null;
    this.waiting = null;
    /** What each sent table shows now, as the other programs know it: so that only changes are told, and never back. */
    this.shown = new Map();
    window.addEventListener("pagehide", () => this.leave());
  }

  /** Registers if that has not been done; resolves to whether there is a connection. The hub asks the person first. */
  async connect() {
    if (this.state === "on" || this.state === "asking") return this.state === "on";
    this.become("asking");
    if (!(await new Promise((resolve) => samp.ping(resolve)))) return this.become("absent");
    try {
      this.connection = await new Promise((resolve, reject) => samp.register(ABOUT["samp.name"], resolve, reject));
    } catch (error) {
      this.reason = error.faultString ?? String(error);
      return this.become("refused");
    }
    this.follow(this.connection);
    return this.become("on");
  }

  follow(connection) {
    const others = (this.others = new samp.ClientTracker());
    others.onchange = () => this.changed();
    others.callHandler[ROW] = (_, message) => this.hear(message["samp.params"], "row");
    others.callHandler[ROWS] = (_, message) => this.hear(message["samp.params"], "list");
    connection.onclose = () => {
      this.connection = this.others = null;
      this.become("off");
    };
    connection.declareMetadata([ABOUT]);
    others.init(connection);
    connection.setCallable(others, () => connection.declareSubscriptions([others.calculateSubscriptions()]));
  }

  disconnect() {
    this.connection?.close();
  }

  /** Tells the hub that the page is going; an ordinary request would be given up with it. */
  leave() {
    if (!this.connection) return;
    const request = new samp.XmlRpcRequest("samp.webhub.unregister", [this.connection.privateKey]);
    fetch(HUB, { method: "POST", body: request.toXml(), keepalive: true, mode: "no-cors" });
  }

  /** Sends a table that can be fetched at `url`; resolves to the names of the programs that were asked to load it. */
  sendTable({ id, url, name }, shown) {
    this.shown.set(id, { url, ...shown });
    return this.tell(LOAD, { "table-id": id, url, name });
  }

  sendPosition({ ra, dec }) {
    return this.tell(POINT, { ra: String(ra), dec: String(dec) });
  }

  /** Tells the others which row is picked and which are selected in a table that was sent, where that has changed. */
  show(id, { row, rows }) {
    const known = this.shown.get(id);
    if (this.state !== "on" || !known) return;
    if (row !== null && row !== known.row) this.tell(ROW, { "table-id": id, url: known.url, row: String(row) });
    if (rows?.length && String(rows) !== String(known.rows)) {
      this.tell(ROWS, { "table-id": id, url: known.url, "row-list": rows.map(String) });
    }
    Object.assign(known, { row, rows });
  }

  async tell(mtype, params) {
    const sent = await this.ask("notifyAll", new samp.Message(mtype, params));
    const about = await Promise.all(sent.map((id) => this.ask("getMetadata", id)));
    return about.map((meta, i) => meta["samp.name"] ?? sent[i]);
  }

  ask(method, ...args) {
    return new Promise((resolve, reject) => this.connection[method](args, resolve, reject));
  }

  hear(params, kind) {
    const [id] = [...this.shown].find(([id, { url }]) => id === params["table-id"] || url === params.url) ?? [];
    if (id === undefined) return;
    const rows = (kind === "row" ? [params.row] : params["row-list"]).map(Number).filter(Number.isInteger);
    if (kind === "row") this.shown.get(id).row = rows[0];
    else this.shown.get(id).rows = rows;
    const heard = { table: id, rows, kind };
    if (this.listener) this.listener(heard);
    else this.waiting = heard;
  }

  /** Gives what is heard to a page, beginning with what came last while there was none. */
  listen(listener) {
    this.listener = listener;
    if (!this.waiting) return;
    const heard = this.waiting;
    this.waiting = null;
    listener(heard);
  }

  /** Names of the other programs, the hub itself left out. */
  programs() {
    const hub = this.connection?.regInfo?.["samp.hub-id"];
    const self = this.connection?.regInfo?.["samp.self-id"];
    return Object.keys(this.others?.ids ?? {})
      .filter((id) => id !== hub && id !== self)
      .map((id) => this.others.getName(id))
      .sort();
  }

  become(state) {
    this.state = state;
    this.changed();
    return state === "on";
  }

  changed() {
    for (const watcher of this.watchers) watcher();
  }
}

/** The page's only hub: pages come and go, the connection stays. */
export function theHub() {
  window.alignlabSampHub ??= new Hub();
  return window.alignlabSampHub;
}
