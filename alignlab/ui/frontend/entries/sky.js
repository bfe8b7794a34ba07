// Sky images around a source: Aladin Lite in a Streamlit element. Handed to the browser only when somebody asks for it.
import A from "aladin-lite";
import { el } from "../src/dom.js";

const PROBE = "https://alasky.cds.unistra.fr/DSS/DSSColor/properties";
const PROBE_MS = 8000;
const views = new WeakMap();

export default function mount({ data, parentElement }) {
  if (!data) return;
  let view = views.get(parentElement);
  if (!view) {
    view = new SkyView(parentElement);
    views.set(parentElement, view);
  }
  view.show(data);
  return () => {
    view.remove();
    views.delete(parentElement);
  };
}

class SkyView {
  constructor(parent) {
    this.stage = el("div", { class: "al-sky-stage", role: "application", "aria-label": "Sky images around the source" });
    this.said = el("p", { class: "al-sky-said", role: "status" });
    this.again = el("button", { type: "button", class: "al-sky-again", hidden: true, on: { click: () => this.start() } }, "Try again");
    this.root = el("div", { class: "al-sky" }, this.stage, el("div", { class: "al-sky-foot" }, this.said, this.again));
    parent.append(this.root);
  }

  show(data) {
    const moved = this.data?.ra !== data.ra || this.data?.dec !== data.dec;
    this.data = data;
    this.stage.style.height = `${data.height}px`;
    if (!this.started) this.start();
    else if (moved && this.aladin) this.goTo();
  }

  async start() {
    this.started = true;
    this.again.hidden = true;
    this.say("asking for sky images …");
    if (!(await reachable())) {
      this.root.dataset.state = "offline";
      this.say("No sky images: they come from the CDS in Strasbourg, and it cannot be reached from here.");
      this.again.hidden = false;
      return;
    }
    try {
      await A.init;
      // The element may have been taken away in the meantime.
      if (!this.stage.isConnected || this.aladin) return;
      this.aladin = A.aladin(this.stage, {
        survey: "P/DSS2/color",
        fov: this.data.fov,
        target: `${this.data.ra} ${this.data.dec}`,
        cooFrame: "ICRSd",
        showFullscreenControl: false,
        showProjectionControl: false,
        showCooGridControl: true,
        showStatusBar: false,
        log: false,
      });
      this.goTo();
      this.root.dataset.state = "shown";
      this.say("Aladin Lite; images: DSS2 by default, others (Chandra among them) behind the layers button. CDS, Strasbourg.");
    } catch (error) {
      this.root.dataset.state = "failed";
      this.say(`Aladin Lite did not start: ${error.message ?? error}`);
      this.again.hidden = false;
    }
  }

  goTo() {
    const { ra, dec, name } = this.data;
    this.aladin.gotoRaDec(ra, dec);
    this.aladin.removeOverlays();
    const marks = A.catalog({ name, sourceSize: 22, shape: "circle", color: "#ff5a36" });
    this.aladin.addCatalog(marks);
    marks.addSources([A.marker(ra, dec, { popupTitle: name })]);
  }

  say(words) {
    this.said.textContent = words;
  }

  remove() {
    this.root.remove();
  }
}

async function reachable() {
  try {
    const answer = await fetch(PROBE, { cache: "no-store", signal: AbortSignal.timeout(PROBE_MS) });
    return answer.ok;
  } catch {
    return false;
  }
}
