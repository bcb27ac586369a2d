/** What lies in the middle of measured values, and between which of them the middle half lies. */
export interface Quartiles {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

export function quartiles(values: readonly number[]): Quartiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
  return { low: at(0.25), median: at(0.5), high: at(0.75) };
}

/** Prints one line about measured values. */
export function report(what: string, values: readonly number[]): Quartiles {
  const found = quartiles(values);
  process.stdout.write(
    `${what.padEnd(52)} ${found.median.toFixed(2).padStart(7)}  (${found.low.toFixed(2)} to ${found.high.toFixed(2)})\n`,
  );
  return found;
}
