import { rmSync } from "node:fs";
import { mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What must be undone before the process may end, however it ends. */
const pending = new Set<() => void>();

function undoAll(): void {
  for (const undo of pending) undo();
}

/** Undoes everything, and lets the signal do what it would have done, unless somebody else answers it. */
function onSignal(signal: NodeJS.Signals): void {
  undoAll();
  process.off(signal, onSignal);
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

/**
 * Has `undo` called when the process exits or is told to end while it is registered. It must be synchronous and must
 * not throw; calling what this returns takes it back.
 */
export function undoAtExit(undo: () => void): () => void {
  if (pending.size === 0) {
    process.on("exit", undoAll);
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
  pending.add(undo);
  return () => {
    if (!pending.delete(undo) || pending.size > 0) return;
    process.off("exit", undoAll);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}

/**
 * Calls `use` with a new folder that only this user can enter, and removes it with all it holds afterwards, also
 * when the process is told to end meanwhile.
 */
export async function withPrivateFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "attachguard-")));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  const keep = undoAtExit(() => {
    try {
      remove();
    } catch {
      // The process is ending; nobody is left to report to.
    }
  });
  try {
    return await use(folder);
  } finally {
    remove();
    keep();
  }
}
