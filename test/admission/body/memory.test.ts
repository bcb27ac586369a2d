import { totalmem } from "node:os";
import t from "tap";
import { bodyMemory, memoryLimit } from "../../../src/admission/body/memory.ts";

const MIB = 1024 * 1024;

t.test("bodies may hold a tenth of the memory, within bounds", async (t) => {
  const rows = [
    [128, 48],
    [480, 48],
    [600, 60],
    [1024, 102.4],
    [2560, 256],
    [64 * 1024, 256],
  ] as const;
  for (const [memory, bodies] of rows) {
    t.equal(bodyMemory(memory * MIB), Math.floor(bodies * MIB), `${memory} MiB`);
  }
});

t.test("the memory is the container's limit, or the machine's where there is none", async (t) => {
  const told = (limit: number): number => {
    const { constrainedMemory } = process;
    process.constrainedMemory = () => limit;
    try {
      return memoryLimit();
    } finally {
      process.constrainedMemory = constrainedMemory;
    }
  };
  t.equal(told(256 * MIB), 256 * MIB);
  t.equal(told(0), totalmem(), "some systems say 0");
  t.equal(told(2 ** 63), totalmem(), "others a number beyond any memory");
});
