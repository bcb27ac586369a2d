import { basename, dirname, resolve } from "node:path";

/** Between a file's events and the signal: one save or one symbolic-link swap comes as several events. */
const SETTLE_MILLISECONDS = 50;

/** A missed event (network file systems, exhausted inotify) costs at most this long. */
const POLL_MILLISECONDS = 30_000;

export interface FileWatch {
  close(): Promise<void>;
}

/**
 * Signals when files may have changed: after edits in place, replacement by rename, and the swap of the `..data`
 * symbolic link by which the kubelet updates mounted ConfigMaps and Secrets (`pkg/volume/util/atomic_writer.go`). It
 * also signals once at the start and every half minute: the receiver reads the files and compares.
 *
 * @param changed is never called after `close`.
 */
export async function watchFiles(paths: readonly string[], changed: () => void): Promise<FileWatch> {
  // Loaded here: most commands do not follow files.
  const { watch } = await import("chokidar");
  const files = new Set(paths.map((path) => resolve(path)));
  const folders = new Set([...files].map((path) => dirname(path)));
  // The folders, not the files: a swap replaces the link that the files are reached through, not the files' entries.
  const watcher = watch([...folders], {
    // Other files in the folder, which may be large, do not matter.
    ignored: (path) => !folders.has(path) && !files.has(path) && !basename(path).startsWith(".."),
    depth: 0,
    followSymlinks: false,
    ignoreInitial: true,
    ignorePermissionErrors: true,
  });
  let settling: NodeJS.Timeout | undefined;
  let closed = false;
  const signal = () => {
    settling = undefined;
    if (!closed) changed();
  };
  const soon = () => {
    if (!closed) settling ??= setTimeout(signal, SETTLE_MILLISECONDS);
  };
  const poll = setInterval(soon, POLL_MILLISECONDS);
  poll.unref();
  watcher.on("all", soon);
  // The poll continues where watching fails, so the files are still followed.
  watcher.on("error", soon);
  await new Promise<void>((resolve) => watcher.once("ready", resolve));
  // What changed between the first reading and the watch being ready has raised no event.
  soon();
  return {
    async close() {
      closed = true;
      clearTimeout(settling);
      clearInterval(poll);
      await watcher.close();
    },
  };
}
