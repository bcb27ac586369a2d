/**
 * Whether version `a` was issued before `b`. Versions of built-in kinds are decimal numbers that may be compared
 * (KEP-5504); nothing is concluded from anything else.
 */
export function isOlder(a: string, b: string): boolean {
  const number = /^[1-9]\d*$/;
  if (!number.test(a) || !number.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
