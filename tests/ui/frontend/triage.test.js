// The keys of the triage: what they mean, for whom, and that none is lost or obeyed twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { meaning } from "../../../alignlab/ui/frontend/src/triage/keys.js";
import { Presses } from "../../../alignlab/ui/frontend/src/triage/presses.js";

/** An element as far as the keys look at it: its own selectors are those it is found by. */
function element(selectors, attributes = {}) {
  return {
    type: attributes.type,
    getAttribute: (name) => attributes[name] ?? null,
    closest(asked) {
      return selectors.includes(asked) || asked.split(", ").some((one) => selectors.includes(one)) ? this : null;
    },
  };
}

const PAGE = element([]);
const press = (key, target = PAGE, more = {}) => meaning({ key, target, ...more });

test("digits, u, arrows and letters have their meaning", () => {
  assert.deepEqual(press("4"), { do: "label", value: "4" });
  assert.deepEqual(press("u"), { do: "label", value: "unsure" });
  assert.deepEqual(press("ArrowUp"), { do: "step", value: -1 });
  assert.deepEqual(["n", "z", "f", "?"].map((key) => press(key).do), ["next", "undo", "follow", "help"]);
  assert.equal(press("6"), null);
});

test("whoever types a text or calls the browser keeps the keys", () => {
  assert.equal(press("4", element(["input"], { type: "text" })), null);
  assert.equal(press("f", element(["textarea"])), null);
  assert.equal(press("3", element(["input, textarea, select, [contenteditable=true]", "[role=dialog]"])), null, "a note in a window of its own");
  assert.equal(press("f", PAGE, { ctrlKey: true }), null);
  assert.equal(press("4", element(["input"], { role: "combobox", "aria-expanded": "true" })), null);
});

test("a closed list of choices that kept the focus, a switch and a slider let labels through", () => {
  assert.equal(press("4", element(["input"], { role: "combobox", "aria-expanded": "false" })).value, "4");
  assert.equal(press("4", element(["input"], { type: "checkbox" })).value, "4");
  assert.equal(press("4", element(["[role=slider]"])).value, "4");
  assert.equal(press("ArrowUp", element(["[role=slider]"])), null);
});

test("a key that is held down leafs, and labels once", () => {
  assert.equal(press("4", PAGE, { repeat: true }), null);
  assert.equal(press("ArrowDown", PAGE, { repeat: true }).value, 1);
});

test("presses that were not obeyed are told again, in their order, and no longer than needed", () => {
  const presses = new Presses();
  presses.heard(7);
  assert.deepEqual(presses.add({ do: "label", value: "3" }).map((one) => one.serial), [8]);
  assert.deepEqual(presses.add({ do: "undo" }).map((one) => one.do), ["label", "undo"]);
  presses.heard(8);
  assert.deepEqual(presses.add({ do: "next" }).map((one) => one.do), ["undo", "next"]);
  presses.heard(10);
  assert.equal(presses.areWaiting, false);
});

test("of several moves to a source only the last is told", () => {
  const presses = new Presses();
  presses.add({ do: "go", value: 1 });
  presses.add({ do: "go", value: 2 });
  assert.deepEqual(presses.add({ do: "go", value: 3 }), [{ do: "go", value: 3, serial: 3 }]);
});
