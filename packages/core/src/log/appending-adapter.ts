import type { Adapter } from 'lowdb';
import type { AppendFile, FileSystem } from './file-system.js';
import { segmentPath, type OpenSegment } from './segment.js';

/**
 * lowdb's adapter for an append-only segment: `read` says what was found of it, `write` appends the lines that no write has
 * taken yet and syncs them. (lowdb's own file adapter writes the whole file anew each time and never syncs.)
 * A write that failed is never tried again: nobody knows what the disk holds of it, and the pages of a failed sync are gone.
 */
export class AppendingAdapter implements Adapter<OpenSegment> {
  readonly #fs: FileSystem;
  readonly #dir: string;
  #number: number;
  #found: OpenSegment | null = null;
  #file: AppendFile | undefined;
  #failed = false;
  syncs = 0;

  constructor(fs: FileSystem, dir: string, number: number) {
    this.#fs = fs;
    this.#dir = dir;
    this.#number = number;
  }

  /** The segment that `settle` was given: its records stay on disk. */
  async read(): Promise<OpenSegment | null> {
    return this.#found;
  }

  /** Takes what is unwritten at the moment of the call, all of it in one write and one sync. */
  async write(segment: OpenSegment): Promise<void> {
    if (this.#failed) throw new Error('an earlier write failed');
    const bytes = segment.unwritten.take();
    try {
      const file = await this.#fileOf(segment);
      if (bytes.length === 0) return;
      const written = await file.append(bytes);
      if (written !== bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes were written`);
      this.syncs += 1;
      await file.sync();
      segment.unwritten.settled();
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  /**
   * Cuts a segment to its sound bytes and makes sure that they, and the file's name, are on disk.
   * @param segment          as it was found; its size is that of its sound bytes
   * @param options.claimed  how many of those some record says were on disk; the others are written anew
   */
  async settle(segment: OpenSegment, options: { readonly claimed: number; readonly cut: boolean }): Promise<void> {
    const path = segmentPath(this.#dir, this.#number);
    this.#file = await this.#fs.openAppend(path, { create: false, eachSynced: true });
    if (options.cut) await this.#file.truncate(segment.size);
    await this.#file.sync();
    await this.#fs.refresh(path, options.claimed);
    await this.#fs.syncDirectory(this.#dir);
    this.#found = segment;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #fileOf(segment: OpenSegment): Promise<AppendFile> {
    if (this.#file !== undefined && segment.number === this.#number) return this.#file;
    await this.close();
    this.#number = segment.number;
    this.#file = await this.#fs.openAppend(segmentPath(this.#dir, segment.number), { create: true, eachSynced: true });
    await this.#fs.syncDirectory(this.#dir);
    return this.#file;
  }
}
