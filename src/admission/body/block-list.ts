const FIRST_BLOCK = 4 * 1024;
const LARGEST_BLOCK = 64 * 1024;

/**
 * The bytes of one body while it arrives, copied into blocks. A chunk from the network is a view of a larger buffer, or
 * as small as its sender likes; kept as it is, one byte could pin 64 KiB.
 */
export class BlockList {
  #blocks: Uint8Array<ArrayBuffer>[] = [];
  /** Used in the last block. */
  #used = 0;
  #next = FIRST_BLOCK;
  #length = 0;

  /** How many bytes there are. */
  get length(): number {
    return this.#length;
  }

  /** How many more bytes of memory adding this many bytes takes. */
  growth(bytes: number): number {
    let missing = bytes - this.#free();
    let grown = 0;
    for (let size = this.#next; missing > 0; size = Math.min(size * 2, LARGEST_BLOCK)) {
      grown += size;
      missing -= size;
    }
    return grown;
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#free() === 0) this.#addBlock();
      const block = this.#blocks.at(-1) as Uint8Array;
      const part = bytes.subarray(at, at + this.#free());
      block.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
    }
    this.#length += bytes.length;
  }

  clear(): void {
    this.#blocks = [];
    this.#used = 0;
    this.#length = 0;
  }

  /** The blocks, the last one cut to its used part. */
  blocks(): readonly Uint8Array<ArrayBuffer>[] {
    return this.#blocks.map((block, at) =>
      at === this.#blocks.length - 1 ? block.subarray(0, this.#used) : block,
    );
  }

  /** The first bytes, up to a number. */
  beginning(bytes: number): Uint8Array {
    const blocks: Uint8Array[] = [];
    let length = 0;
    for (const block of this.blocks()) {
      if (length >= bytes) break;
      blocks.push(block);
      length += block.length;
    }
    return Buffer.concat(blocks).subarray(0, bytes);
  }

  #free(): number {
    return (this.#blocks.at(-1)?.length ?? 0) - this.#used;
  }

  #addBlock(): void {
    this.#blocks.push(new Uint8Array(this.#next));
    this.#used = 0;
    this.#next = Math.min(this.#next * 2, LARGEST_BLOCK);
  }
}
