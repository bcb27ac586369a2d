import t from "tap";
import { bytesOf } from "../../src/kube/quantity.ts";

const CASES: readonly (readonly [unknown, number | undefined])[] = [
  ["1Gi", 2 ** 30],
  ["1024Mi", 2 ** 30],
  ["1.5Gi", 1.5 * 2 ** 30],
  ["10G", 1e10],
  ["1e3", 1000],
  ["500m", 1],
  [".5Ki", 512],
  [4096, 4096],
  ["0", 0],
  ["-1Gi", undefined],
  ["1gi", undefined],
  ["Gi", undefined],
  ["", undefined],
  [null, undefined],
  ["9".repeat(1000), undefined],
];

for (const [value, bytes] of CASES) {
  t.equal(bytesOf(value), bytes, `${String(value).slice(0, 20)} is ${bytes}`);
}
