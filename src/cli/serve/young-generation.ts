import { setFlagsFromString } from "node:v8";

/**
 * Has everything allocated in the young generation of the heap, where what a review needs is gone with the next
 * collection. By default V8 watches what survives collections, and allocates in the old generation what usually did: of
 * what is alive at the moment of a collection, which are the reviews that are being judged, that is nearly all. A
 * thousand bytes of each review then stay until a full collection (20 without), which with a large cluster takes a
 * second of processor time.
 *
 * It holds for the process, and for what is compiled afterwards: V8 also refuses compiled code that it kept for other
 * flags, so it is for the moment when everything has been loaded.
 */
export function allocateYoung(): void {
  setFlagsFromString("--no-allocation-site-pretenuring");
}
