// Entry point of the network's drawing: Streamlit calls it when the element appears and again at every run of the page.
import { Network } from "../src/network/network.js";
import style from "../src/style.css";

const networks = new WeakMap();

export default function mount({ data, parentElement, setStateValue }) {
  if (!document.getElementById("alignlab-map-style")) {
    const node = document.createElement("style");
    node.id = "alignlab-map-style";
    node.textContent = style;
    document.head.append(node);
  }
  let network = networks.get(parentElement);
  if (!network) {
    network = new Network(parentElement);
    networks.set(parentElement, network);
  }
  network.update(data ?? {}, { setStateValue });
  return () => {
    network.destroy();
    networks.delete(parentElement);
  };
}
