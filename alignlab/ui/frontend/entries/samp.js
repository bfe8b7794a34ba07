// Entry point of the SAMP button: Streamlit calls it when the element appears and again at every run of the page.
import { SampControl } from "../src/samp/control.js";

const controls = new WeakMap();

export default function mount({ data, parentElement, setTriggerValue }) {
  let control = controls.get(parentElement);
  if (!control) {
    control = new SampControl(parentElement);
    controls.set(parentElement, control);
  }
  if (data) control.update(data, setTriggerValue);
  return () => {
    control.destroy();
    controls.delete(parentElement);
  };
}
