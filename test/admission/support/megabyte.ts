/**
 * What parsing a megabyte of ordinary JSON takes here and now, in milliseconds: the unit in which tests measure.
 *
 * @param now milliseconds that have passed, or that were worked
 */
export function megabyte(now: () => number = () => performance.now()): number {
  const text = JSON.stringify(
    Array.from({ length: 16_000 }, (_, index) => ({
      name: `name-${index}`,
      value: [index, "some text of it"],
    })),
  );
  const took = Array.from({ length: 7 }, () => {
    const start = now();
    JSON.parse(text);
    return now() - start;
  }).toSorted((a, b) => a - b);
  return ((took[3] ?? 10) / text.length) * 1e6;
}
