// What the keys of the triage mean, wherever the focus is.

const LABELS = new Map([...["0", "1", "2", "3", "4", "5"].map((key) => [key, key]), ["u", "unsure"]]);
const OTHERS = new Map([
  ["ArrowDown", { do: "step", value: 1 }],
  ["ArrowUp", { do: "step", value: -1 }],
  ["n", { do: "next" }],
  ["z", { do: "undo" }],
  ["f", { do: "follow" }],
  ["p", { do: "talk" }],
  ["?", { do: "help" }],
  ["Escape", { do: "close" }],
]);
/** The keys in words, for the list that `?` shows. */
export const WORDS = [
  ["0 – 5", "how interesting it is; the next one follows"],
  ["u", "unsure"],
  ["↓ ↑", "next, previous"],
  ["n", "next without a label"],
  ["z", "take the last label back"],
  ["f", "on the follow-up list"],
  ["p", "large type, for an audience"],
  ["?", "show or hide this list"],
];

/** What a key asks for: `{do, value}`; null where it is meant for something else. */
export function meaning(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && !event.key.startsWith("Arrow")) return null;
  if (takesKey(event.target, event.key)) return null;
  const value = LABELS.get(event.key);
  return value === undefined ? (OTHERS.get(event.key) ?? null) : { do: "label", value };
}

/**
 * Whether the element with the focus wants this key itself. A list of choices keeps the focus after a choice, in a text
 * box that nobody types in: while it is closed, keys are not for it.
 */
export function takesKey(target, key) {
  if (!target?.closest) return false;
  const box = target.closest("input, textarea, select, [contenteditable=true]");
  const isClosedList = box?.getAttribute("role") === "combobox" && box.getAttribute("aria-expanded") !== "true";
  if (isClosedList) return false;
  if (box && !["checkbox", "radio", "range"].includes(box.type)) return true;
  if (box || target.closest("[role=slider], [role=radiogroup], [role=tablist], [role=dialog]")) return key.startsWith("Arrow");
  return Boolean(target.closest("[role=listbox]:not(.al-outliers-list)"));
}
