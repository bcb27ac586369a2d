export type Decoded = { readonly text: string } | { readonly problem: string };

/** More than enough to see a pattern of zero bytes, and not much of a large dump. */
const SAMPLE_BYTES = 4096;

/**
 * The text in the bytes of a file: UTF-8, or UTF-16 of either byte order, with or without a byte order mark.
 * Anything else is named as a problem.
 */
export function decode(bytes: Uint8Array): Decoded {
  const encoding = encodingOf(bytes);
  if (encoding === undefined) {
    return { problem: "the file is binary, not text: name a YAML or JSON file" };
  }
  try {
    return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes) };
  } catch (error) {
    if (error instanceof TypeError) {
      return { problem: `the file is not valid ${encoding.toUpperCase()}: save it as UTF-8` };
    }
    return { problem: "the file is too large to be read at once: split it" };
  }
}

function encodingOf(bytes: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const sample = bytes.subarray(0, SAMPLE_BYTES);
  if (!sample.includes(0)) return "utf-8";
  // Manifests are mostly ASCII, so in UTF-16 without a mark every other byte of the sample is zero.
  let even = 0;
  let odd = 0;
  for (let at = 0; at < sample.length; at += 1) {
    if (sample[at] === 0) {
      if (at % 2 === 0) even += 1;
      else odd += 1;
    }
  }
  const half = sample.length / 2;
  if (odd > half * 0.7 && even < half * 0.1) return "utf-16le";
  if (even > half * 0.7 && odd < half * 0.1) return "utf-16be";
  return undefined;
}
