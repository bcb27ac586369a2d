/** Adds a value to the list under a key, which begins with it where there is none. */
export function append<K, T>(lists: Map<K, T[]>, key: K, value: T): void {
  const values = lists.get(key);
  if (values === undefined) lists.set(key, [value]);
  else values.push(value);
}

/** Items under each of their keys, once each, in their order; `Map.groupBy` takes one key for each. */
export function groupByEach<K, T>(items: Iterable<T>, keysOf: (item: T) => readonly K[]): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const keys = keysOf(item);
    for (const key of keys.length > 1 ? new Set(keys) : keys) append(groups, key, item);
  }
  return groups;
}
