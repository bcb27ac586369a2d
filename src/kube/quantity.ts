/** Suffixes of a quantity (`apimachinery/pkg/api/resource`), as factors. */
const SUFFIXES: Readonly<Record<string, number>> = {
  "": 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,3})|([a-zA-Z]{0,2}))$/;

/** A quantity of storage in bytes, rounded up as Kubernetes does; `undefined` for a value that is not a quantity. */
export function bytesOf(value: unknown): number | undefined {
  if (typeof value !== "number" && typeof value !== "string") return undefined;
  const text = String(value);
  if (text.length > 64) return undefined;
  const [, digits, exponent, suffix = ""] = QUANTITY.exec(text) ?? [];
  const factor = exponent === undefined ? SUFFIXES[suffix] : 10 ** Number(exponent);
  if (digits === undefined || factor === undefined) return undefined;
  const bytes = Math.ceil(Number(digits) * factor);
  return Number.isFinite(bytes) && bytes >= 0 ? bytes : undefined;
}
