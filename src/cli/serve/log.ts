import { type Logger, pino } from "pino";
import type { ErrorCode } from "../../errors.ts";

/** The log of a server: JSON lines on standard output, and nothing else there. */
export function serveLog(): Logger {
  return pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 1, sync: true }),
  );
}

/** Says in one JSON line on standard error why a server did not start. */
export function logFailure(code: ErrorCode | undefined, message: string): void {
  const log = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
  log.fatal({ code }, message);
}

/** Puts Node's own warnings into the log: its listener would print them as text. */
export function logNodeWarnings(log: Logger): void {
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message, ...warning }: Error & { code?: string }) => {
    log.warn({ warning: name, code: warning.code }, message);
  });
}
