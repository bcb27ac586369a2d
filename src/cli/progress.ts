import { harmless } from "../report/harmless.ts";
import { type Terminal, widthOf } from "./terminal.ts";

/** Reports how far a piece of work is; may be called at any rate. */
export type Tell = (what: string, done?: number, total?: number) => void;

/** A shorter wait needs no message. */
const QUIET_MS = 1_000;
const BETWEEN_MS = 100;

const CLEARED = "\r\u001b[2K";

/**
 * Does a piece of work and shows how far it is: on one line of a terminal that is overwritten, starting after a second,
 * and cleared when the work is done or has failed. Nothing in logs, pipes and CI systems.
 *
 * @param now milliseconds from any point of time
 */
export async function withProgress<T>(
  terminal: Terminal,
  work: (tell: Tell) => Promise<T>,
  now: () => number = () => performance.now(),
): Promise<T> {
  const { stderr, env } = terminal;
  if (stderr.isTTY !== true || env.TERM === "dumb" || env.CI) return work(() => {});
  let next = now() + QUIET_MS;
  let isShown = false;
  let told: Readonly<Parameters<Tell>> | undefined;
  const show = () => {
    const time = now();
    if (told === undefined || time < next) return;
    next = time + BETWEEN_MS;
    isShown = true;
    const [what, done, total] = told;
    const count = done === undefined ? "" : total === undefined ? `: ${done}` : `: ${done} of ${total}`;
    // A line longer than the terminal is wide could not be cleared.
    stderr.write(CLEARED + harmless(`${what}${count}`).slice(0, widthOf(stderr) - 1));
  };
  // Work that waits for another process or a server reports nothing meanwhile; work that computes keeps timers from
  // firing.
  const timer = setInterval(show, BETWEEN_MS);
  try {
    return await work((...step) => {
      told = step;
      show();
    });
  } finally {
    clearInterval(timer);
    if (isShown) stderr.write(CLEARED);
  }
}
