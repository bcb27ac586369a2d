import t from "tap";
import { layoutOf } from "../../../src/cluster/files/json-layout.ts";

const object = (keys: readonly string[]) =>
  `{${keys.map((key) => `${JSON.stringify(key)}: {"a": 1}`).join(", ")}}`;

t.test("a key that is given twice is found, however many there are", async (t) => {
  for (const count of [1, 2, 31, 32, 33, 34, 100]) {
    const keys = Array.from({ length: count }, (_, at) => `key-${at}`);
    t.strictSame(layoutOf(object(keys)).duplicates, [], `${count}`);
    for (const key of new Set([keys.at(0), keys.at(-1)])) {
      const text = object([...keys, key as string]);
      t.strictSame(layoutOf(text).duplicates, [{ key, offset: text.lastIndexOf(`"${key}"`) }], `${count}`);
    }
  }
});

t.test("keys that are not equal are none, whatever they have in common", async (t) => {
  // Of one hash, where characters are weighted by powers of 31.
  t.strictSame(layoutOf(object(["Aa", "BB", "AaBB", "BBAa", "", "\0"])).duplicates, []);
  t.strictSame(layoutOf('[{"a": {"a": {"a": 1}}, "b": [{"a": 1}, {"a": 1}]}]').duplicates, []);
  t.match(layoutOf(object(["Aa", "BB", "Aa", "BB"])).duplicates, [{ key: "Aa" }, { key: "BB" }]);
});
