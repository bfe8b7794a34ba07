// The queue of sources and the keyboard that works on it. What goes in and out: alignlab/ui/outliers_page/queue.py.
import { el } from "../dom.js";
import { WORDS, meaning } from "./keys.js";
import { Presses } from "./presses.js";

export class Queue {
  constructor(parent) {
    this.presses = new Presses();
    this.rows = [];
    this.list = el("ol", { class: "al-outliers-list", role: "listbox", "aria-label": "Queue of sources", tabindex: 0 });
    this.pages = el("div", { class: "al-outliers-pages" });
    this.keys = el("div", { class: "al-outliers-keys", role: "note", "aria-label": "Keys", hidden: true }, ...WORDS.flatMap(([key, words]) => [el("kbd", {}, key), el("span", {}, words)]));
    this.values = el("div", { class: "al-outliers-values", role: "group", "aria-label": "Give a label" });
    this.node = el("div", { class: "al-outliers-queue" }, this.values, this.keys, this.list, this.pages);
    this.list.addEventListener("click", (event) => {
      const row = event.target.closest("[data-index]");
      if (row) this.go(Number(row.dataset.index));
    });
    this.onKey = (event) => this.press(event);
    window.addEventListener("keydown", this.onKey, { capture: true });
    parent.append(this.node);
  }

  destroy() {
    window.removeEventListener("keydown", this.onKey, { capture: true });
    this.node.remove();
  }

  update(data, send) {
    this.send = send;
    this.data = data;
    this.presses.heard(data.obeyed);
    if (this.version !== data.version) this.draw(data);
    if (!this.presses.areWaiting) this.mark(data.current);
    this.node.dataset.waiting = this.presses.areWaiting ? "1" : "0";
    this.node.dataset.current = data.current;
  }

  draw(data) {
    this.version = data.version;
    this.rows = data.rows;
    this.list.replaceChildren(...data.rows.map(row));
    this.pages.replaceChildren(
      this.button("‹", "Sources before these", { do: "page", value: -1 }, data.first === 0),
      el("span", {}, data.range),
      this.button("›", "Sources after these", { do: "page", value: 1 }, data.first + data.rows.length >= data.n),
    );
    this.values.replaceChildren(
      ...data.values.map(([value, label]) => this.button(label, `Label ${value}`, { do: "label", value })),
      this.button("↶", "Take the last label back (z)", { do: "undo" }),
      this.button("?", "Show the keys", { do: "help" }),
    );
  }

  button(label, title, press, disabled = false) {
    return el("button", { type: "button", title, "aria-label": title, disabled, on: { click: () => this.act(press) } }, label);
  }

  /** Shows which source is the current one, at once, and keeps it in view within the list. */
  mark(index) {
    this.current = index;
    for (const node of this.list.children) node.setAttribute("aria-selected", String(Number(node.dataset.index) === index));
    const node = this.list.querySelector(`[data-index="${index}"]`);
    if (!node) return;
    const [above, below] = [node.offsetTop - this.list.scrollTop, node.offsetTop + node.offsetHeight - this.list.scrollTop];
    const room = 2 * node.offsetHeight;
    if (above < room) this.list.scrollTop += above - room;
    else if (below > this.list.clientHeight - room) this.list.scrollTop += below - this.list.clientHeight + room;
  }

  press(event) {
    const press = meaning(event);
    if (!press || (press.do === "close" && this.keys.hidden)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.target.closest?.("[role=combobox]")) event.target.blur();
    this.act(press);
  }

  act(press) {
    if (press.do === "help") this.keys.hidden = !this.keys.hidden;
    else if (press.do === "close") this.keys.hidden = true;
    else if (press.do === "step") this.step(press.value);
    else if (press.do === "label" || press.do === "follow") this.judge(press);
    else this.tell(press);
  }

  step(by) {
    const at = this.rows.findIndex(({ index }) => index === this.current);
    const next = this.rows[at + by];
    if (at >= 0 && next) this.go(next.index);
    else this.tell({ do: "step", value: by });
  }

  go(index) {
    this.mark(index);
    this.tell({ do: "go", value: index });
  }

  /** A judgement is of the source that is drawn: while another one is on its way, there is nothing to judge. */
  judge(press) {
    if (this.presses.areWaiting || this.data.current === null) return;
    const label = this.list.querySelector(`[data-index="${this.data.current}"] .al-outliers-own`);
    if (press.do === "label" && label && this.data.person) label.textContent = press.value === "unsure" ? "u" : press.value;
    this.tell({ ...press, source: this.data.current });
  }

  tell(press) {
    this.node.dataset.waiting = "1";
    this.send("act", this.presses.add(press));
  }
}

function row({ index, rank, name, kind, colour, percentile, concerns, label, told }) {
  const marks = concerns.length ? el("span", { class: "al-outliers-marks", title: concerns.join(", ") }, "▾".repeat(Math.min(3, concerns.length))) : "";
  return el(
    "li",
    { class: "al-outliers-row", role: "option", "data-index": index, "aria-label": told, title: told },
    el("span", { class: "al-outliers-rank" }, rank),
    el("span", { class: "al-outliers-name" }, name),
    el("span", { class: "al-outliers-percentile" }, percentile),
    el("span", { class: "al-outliers-kind" }, el("i", { style: `background: ${colour}` }), kind || "not classified", marks),
    el("span", { class: "al-outliers-own" }, label),
  );
}
