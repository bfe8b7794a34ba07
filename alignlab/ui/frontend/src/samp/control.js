// The SAMP button with its menu: send the table, send the position, and what came of it.
import { el } from "../dom.js";
import { theHub } from "./hub.js";

const ABSENT = "No SAMP hub found on this computer: start TOPCAT or Aladin, then try again.";
const IDLE = "TOPCAT, Aladin and DS9 on this computer can receive. The hub asks you once whether it may.";

export class SampControl {
  constructor(parent) {
    this.hub = theHub();
    this.note = "";
    this.button = el("button", { type: "button", class: "al-action", "aria-haspopup": "true", "aria-expanded": "false" }, "SAMP", chevron());
    this.table = el("button", { type: "button", on: { click: () => this.act(() => this.askForTable()) } });
    this.position = el("button", { type: "button", on: { click: () => this.act(() => this.sendPosition()) } });
    this.leave = el("button", { type: "button", on: { click: () => this.hub.disconnect() } }, "Disconnect");
    this.status = el("p", { role: "status" });
    this.menu = el("div", { class: "al-samp-menu", popover: "auto", "aria-label": "Send by SAMP" }, this.table, this.position, this.status, this.leave);
    this.root = el("div", { class: "al-samp" }, this.button, this.menu);
    this.button.popoverTargetElement = this.menu;
    this.menu.addEventListener("beforetoggle", (event) => {
      this.button.setAttribute("aria-expanded", event.newState === "open");
      this.place();
    });
    this.redraw = () => this.draw();
    this.hub.watchers.add(this.redraw);
    parent.append(this.root);
  }

  /** Takes what the page's run says: what can be sent, what was prepared for sending, what is picked and selected. */
  update(data, setTriggerValue) {
    this.data = data;
    this.trigger = setTriggerValue;
    this.hub.listen((heard) => setTriggerValue("heard", heard));
    const { prepared } = data;
    if (prepared && prepared.serial === this.asked) this.act(() => this.sendTable(prepared));
    else for (const [id, shown] of Object.entries(data.shown)) this.hub.show(id, shown);
    this.draw();
  }

  /** Does something that needs the hub, which is asked first; nothing is lost where there is none. */
  async act(action) {
    this.note = "";
    if (!(await this.hub.connect())) return this.draw();
    try {
      await action();
    } catch (error) {
      this.note = `The hub did not take it: ${error.faultString ?? error}.`;
    }
    return this.draw();
  }

  askForTable() {
    this.asked = Date.now();
    this.note = "Writing the table …";
    this.trigger("ask", { serial: this.asked, url: window.location.href });
  }

  async sendTable({ id, path, name }) {
    this.asked = null;
    const url = new URL(path, window.location.href).href;
    const names = await this.hub.sendTable({ id, url, name }, this.data.shown[id] ?? { row: null, rows: [] });
    this.note = outcome("Table", names, "loads tables");
  }

  async sendPosition() {
    const names = await this.hub.sendPosition(this.data.position);
    this.note = outcome("Position", names, "takes positions");
  }

  draw() {
    const { hub, data } = this;
    if (!data) return;
    this.root.dataset.state = hub.state;
    this.table.textContent = `Send table (${data.what})`;
    this.position.textContent = data.position ? `Send position of ${data.position.name}` : "";
    this.position.hidden = !data.position;
    this.leave.hidden = hub.state !== "on";
    this.table.disabled = this.position.disabled = hub.state === "asking";
    this.button.title = hub.state === "on" ? `SAMP: connected to ${listed(hub.programs())}` : "Send to TOPCAT, Aladin or DS9";
    this.status.textContent = this.note || this.told();
  }

  told() {
    const { hub } = this;
    if (hub.state === "asking") return "Waiting for the hub: allow alignlab in its window.";
    if (hub.state === "absent") return ABSENT;
    if (hub.state === "refused") return `The hub refused: ${hub.reason}.`;
    return hub.state === "on" ? `Connected to ${listed(hub.programs())}.` : IDLE;
  }

  place() {
    const box = this.button.getBoundingClientRect();
    const left = Math.min(box.left, window.innerWidth - 320);
    const below = box.bottom + 240 < window.innerHeight;
    Object.assign(this.menu.style, {
      left: `${Math.max(8, left)}px`,
      top: below ? `${box.bottom + 4}px` : "auto",
      bottom: below ? "auto" : `${window.innerHeight - box.top + 4}px`,
    });
  }

  destroy() {
    this.hub.watchers.delete(this.redraw);
    this.hub.listener = null;
    this.root.remove();
  }
}

function chevron() {
  const down = el("path", { d: "M6 8.5l4 4 4-4", fill: "none", stroke: "currentColor", "stroke-width": 1.7 });
  return el("i", { "aria-hidden": "true" }, el("svg", { viewBox: "0 0 20 20", width: 16, height: 16 }, down));
}

function outcome(what, names, verb) {
  return names.length ? `${what} sent to ${listed(names)}.` : `No connected program ${verb}.`;
}

function listed(names) {
  return names.length ? names.join(", ") : "the hub; no other program is";
}
