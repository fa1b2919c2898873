/** Lines that are not on disk yet, as the bytes that go to the disk: each is written down once, where its hash is taken from. */
export class Lines {
  #bytes: Buffer;
  #length = 0;
  #taken: Uint8Array = EMPTY;
  #spare: Buffer | undefined;

  constructor() {
    this.#bytes = EMPTY;
  }

  get length(): number {
    return this.#length;
  }

  /**
   * Adds a line made of a beginning and what follows from that.
   * @param beginning  what stands before the checksum, in pieces
   * @param checksum   gives the line's end, ASCII and `endLength` long, for the bytes of its beginning
   * @returns the whole line without its line feed, as a view that the next call may overwrite
   */
  add(beginning: Iterable<string>, endLength: number, checksum: (beginning: Uint8Array) => string): Uint8Array {
    const from = this.#length;
    let at = from;
    for (const piece of beginning) {
      this.#reserve(at, piece.length * 3);
      at += this.#bytes.write(piece, at, 'utf8');
    }
    this.#reserve(at, endLength + 1);
    at += this.#bytes.write(checksum(this.#bytes.subarray(from, at)), at, 'latin1');
    this.#bytes[at] = LINE_FEED;
    this.#length = at + 1;
    return this.#bytes.subarray(from, at);
  }

  /** Everything added so far, for the disk; `settled` says that it is there. */
  take(): Uint8Array {
    this.#taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = this.#spare ?? EMPTY;
    this.#spare = undefined;
    this.#length = 0;
    return this.#taken;
  }

  /** What was taken is on disk: its memory may be used again. */
  settled(): void {
    const { buffer } = this.#taken;
    this.#taken = EMPTY;
    if (buffer.byteLength <= KEPT_MAX) this.#spare = Buffer.from(buffer);
  }

  /** A copy of all that is not on disk, what was taken included. */
  copy(): Uint8Array {
    return Buffer.concat([this.#taken, this.#bytes.subarray(0, this.#length)]);
  }

  /** @param filled bytes that hold something */
  #reserve(filled: number, room: number): void {
    const needed = filled + room;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, filled);
    this.#bytes = larger;
  }
}

const LINE_FEED = 0x0a;
const EMPTY = Buffer.alloc(0);
const FIRST_BYTES = 16 * 1024;
/** A burst may need more; that is not kept for good. */
const KEPT_MAX = 1024 * 1024;
