// Entry point of the queue of outliers: Streamlit calls it when the element appears and again at every run of the page.
import { Queue } from "../src/triage/queue.js";

const queues = new WeakMap();

export default function mount({ data, parentElement, setTriggerValue }) {
  let queue = queues.get(parentElement);
  if (!queue) {
    queue = new Queue(parentElement);
    queues.set(parentElement, queue);
  }
  if (data) queue.update(data, setTriggerValue);
  return () => {
    queue.destroy();
    queues.delete(parentElement);
  };
}
