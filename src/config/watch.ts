import { AttachguardError } from "../errors.ts";
import type { Config } from "./model.ts";
import { watchFiles } from "./watch-files.ts";

export interface ConfigListener {
  /** A new configuration has been read and is valid. */
  changed(config: Config): void;
  /** What is in the file now cannot be used; the previous configuration stays in force. */
  failed(error: AttachguardError): void;
}

export interface ConfigWatch {
  /** The last configuration that was valid. */
  readonly current: Config;
  /** What is wrong with the file as it is now; undefined while `current` is what the file says. */
  readonly problem: AttachguardError | undefined;
  close(): Promise<void>;
}

/**
 * See `watchConfig`.
 *
 * @param load reads the file afresh; rejects with an AttachguardError where it cannot be used.
 */
export async function startConfigWatch(
  path: string,
  initial: Config,
  listener: ConfigListener,
  load: () => Promise<Config>,
): Promise<ConfigWatch> {
  let current = initial;
  let problem: AttachguardError | undefined;
  let seen = JSON.stringify(initial);
  let reading: Promise<void> = Promise.resolve();
  let closed = false;

  const reread = async () => {
    const outcome = await outcomeOf(load);
    if (closed) return;
    if (outcome instanceof AttachguardError) {
      if (outcome.message === problem?.message) return;
      problem = outcome;
      listener.failed(outcome);
      return;
    }
    const next = JSON.stringify(outcome);
    const recovered = problem !== undefined;
    problem = undefined;
    // A broken file that is put back as it was is news too: the end of a reported problem is reported.
    if (next === seen && !recovered) return;
    seen = next;
    current = outcome;
    listener.changed(outcome);
  };
  const files = await watchFiles([path], () => {
    // One after the other, so that the last one read wins.
    reading = reading.then(reread);
  });
  return {
    get current() {
      return current;
    },
    get problem() {
      return problem;
    },
    async close() {
      closed = true;
      await files.close();
      await reading;
    },
  };
}

/** Any other error is a fault of attachguard's and is thrown on. */
async function outcomeOf(load: () => Promise<Config>): Promise<Config | AttachguardError> {
  try {
    return await load();
  } catch (cause) {
    if (cause instanceof AttachguardError) return cause;
    throw cause;
  }
}
