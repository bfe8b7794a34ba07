// Entry point that Streamlit calls: once when the element appears and again at every run of the page.
import { LatentMap } from "../src/map.js";
import style from "../src/style.css";

const maps = new WeakMap();

export default function mount({ data, parentElement, setStateValue, setTriggerValue }) {
  if (!document.getElementById("alignlab-map-style")) {
    const node = document.createElement("style");
    node.id = "alignlab-map-style";
    node.textContent = style;
    document.head.append(node);
  }
  let map = maps.get(parentElement);
  if (!map) {
    map = new LatentMap(parentElement);
    maps.set(parentElement, map);
  }
  map.update(data ?? {}, { setStateValue, setTriggerValue });
  return () => {
    map.destroy();
    maps.delete(parentElement);
  };
}
