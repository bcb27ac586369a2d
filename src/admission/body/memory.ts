import { totalmem } from "node:os";

const MIB = 1024 * 1024;
/** Room for one of the largest bodies in the half that large ones share, with some to spare. */
const LEAST = 48 * MIB;
const MOST = 256 * MIB;

/** The memory that this process may use, in bytes: its container's limit, else what the machine has. */
export function memoryLimit(): number {
  const limit = process.constrainedMemory();
  // Without a limit some systems say 0 and others a number beyond any memory.
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}

/** How many bytes bodies may hold at once where the configuration does not say: a tenth of the memory. */
export function bodyMemory(limit: number): number {
  return Math.min(Math.max(Math.floor(limit / 10), LEAST), MOST);
}
