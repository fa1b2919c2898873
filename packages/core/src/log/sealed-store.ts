import { join } from 'node:path';
import type { SealedStore } from '../engine/ports.js';
import type { FileSystem, InPlaceFile } from './file-system.js';
import { nodeFileSystem } from './node-file-system.js';
import { eraseOldFiles, readOldFiles } from './sealed-files.js';
import { checkRoom } from './sealed-room.js';
import { decodeSlot, encodeSlots, type Slot, SLOT_SIZE } from './slots.js';
import { systemTimer, type Timer } from './system.js';

const FILE = 'slots';
/** The file grows by so many slots at once: a sync of bytes that it already has room for is cheaper. */
const GROWTH = 16;

export interface SealedStoreOptions {
  /** The disk; the machine's own unless a test breaks one. */
  readonly fileSystem?: FileSystem;
  /** The machine's own unless a simulation has its own time. */
  readonly timer?: Timer;
  /** How long what was forgotten may stay in the file when no put takes its place or carries its erasure along, in ms; 100 unless told. */
  readonly lazyWipeMs?: number;
}

/**
 * A sealed store in a directory, as one file of slots. `put` fills a free slot and waits for one sync, which puts at the same
 * time share. `forget` frees the slot at once and waits for nothing: its bytes are overwritten by the next put that takes it,
 * or with zeros by the next write, and the next sync carries that. What a crash brings back is forgotten again at opening.
 *
 * A put whose write failed is refused, and with it all of that time; after a sync that failed the store takes nothing more until
 * it is closed and used again, since nobody knows what the disk holds. Where the system writes and syncs in one call that is a
 * write that failed: no slot counts before it was written anew, and synced.
 * @param dir made at the first use; a directory of the old form, one file for each key, is read over
 * Every function rejects with the system's error.
 */
export const fileSealedStore = (dir: string, options: SealedStoreOptions = {}): SealedStore => new SlotStore(dir, options);

interface Put {
  readonly key: string;
  readonly kept: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Held {
  readonly slot: number;
  readonly kept: Uint8Array;
}

class SlotStore implements SealedStore {
  readonly #dir: string;
  readonly #fs: FileSystem;
  readonly #lazyWipeMs: number;
  readonly #timer: Timer;
  #loaded: Promise<void> | undefined;
  #file: InPlaceFile | undefined;
  #held = new Map<string, Held>();
  /** Slots to be filled, the last one first: one that is still to be wiped is filled before any other. */
  #free: number[] = [];
  /** Free slots whose bytes are not known to be gone from the disk. */
  #unwiped = new Set<number>();
  #slots = 0;
  #puts = 0;
  #pending: Put[] = [];
  #round: Promise<void> | undefined;
  /** Takes the lazy wipe back. */
  #lazy: (() => void) | undefined;
  #failure: unknown;

  constructor(dir: string, options: SealedStoreOptions) {
    this.#dir = dir;
    this.#fs = options.fileSystem ?? nodeFileSystem;
    this.#lazyWipeMs = options.lazyWipeMs ?? 100;
    this.#timer = options.timer ?? systemTimer;
  }

  async put(key: string, sealed: Uint8Array): Promise<void> {
    const kept = new Uint8Array(sealed);
    checkRoom(key, kept);
    await this.#load();
    await new Promise<void>((resolve, reject) => {
      this.#pending.push({ key, kept, resolve, reject });
      this.#write();
    });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    await this.#load();
    return this.#held.get(key)?.kept.slice();
  }

  async forget(key: string): Promise<void> {
    await this.#load();
    const held = this.#held.get(key);
    if (!held) return;
    this.#held.delete(key);
    held.kept.fill(0);
    this.#release(held.slot);
  }

  async keys(): Promise<readonly string[]> {
    await this.#load();
    return [...this.#held.keys()].sort();
  }

  /** Erases what is still to be erased, and lets the file go; the next use reads it anew. */
  async close(): Promise<void> {
    if (this.#loaded === undefined) return;
    await this.#loaded.catch(() => {});
    try {
      await this.#round;
      // Only now: the round may have ordered another one. The slots may be somebody else's when that comes.
      this.#lazy?.();
      this.#lazy = undefined;
      // What can't be erased now is at the next opening.
      if (this.#failure === undefined && this.#unwiped.size > 0) await this.#writeRound().catch(() => {});
    } finally {
      const file = this.#file;
      this.#file = undefined;
      this.#loaded = undefined;
      await file?.close().catch(() => {});
    }
  }

  #load(): Promise<void> {
    if (this.#loaded) return this.#loaded;
    const loading = this.#readAll();
    this.#loaded = loading;
    // A disk that can't be read now may be mended: the next call tries again.
    loading.catch(() => {
      if (this.#loaded === loading) this.#loaded = undefined;
    });
    return loading;
  }

  async #readAll(): Promise<void> {
    const path = join(this.#dir, FILE);
    this.#held = new Map();
    this.#free = [];
    this.#unwiped = new Set();
    this.#slots = 0;
    this.#puts = 0;
    this.#failure = undefined;
    const bytes = await this.#fs.readWhole(path);
    if (bytes === undefined) {
      const old = await readOldFiles(this.#fs, this.#dir);
      // A till that seals nothing keeps no file.
      if (old.paths.length === 0) return;
      await this.#moveOver(old);
      return;
    }
    const newest = new Map<string, number>();
    const spare: number[] = [];
    this.#slots = Math.ceil(bytes.length / SLOT_SIZE);
    for (let slot = 0; slot < this.#slots; slot += 1) {
      const content = decodeSlot(bytes.subarray(slot * SLOT_SIZE, (slot + 1) * SLOT_SIZE));
      if (content.is === 'empty') spare.push(slot);
      // Torn: its put was never acknowledged, so no intent names it. (Or the disk lost it: then the reversal finds nothing, as after a pad was replaced.)
      else if (content.is === 'bad') this.#unwiped.add(slot);
      else {
        this.#puts = Math.max(this.#puts, content.put);
        const other = this.#held.get(content.key);
        if (other && (newest.get(content.key) ?? 0) > content.put) this.#unwiped.add(slot);
        else {
          if (other) this.#unwiped.add(other.slot);
          newest.set(content.key, content.put);
          this.#held.set(content.key, { slot, kept: content.kept });
        }
      }
    }
    this.#free = [...spare.toReversed(), ...this.#unwiped];
    const old = await readOldFiles(this.#fs, this.#dir);
    if (old.paths.length > 0) await this.#moveOver(old);
    if (this.#unwiped.size > 0) this.#wipeLater();
  }

  /** What the old form keeps is synced in its slot before its own file is erased; a crash in between repeats both. */
  async #moveOver({ entries, paths }: Awaited<ReturnType<typeof readOldFiles>>): Promise<void> {
    const puts = entries.filter(({ key }) => !this.#held.has(key)).map(({ key, kept }) => ({ key, kept, resolve: () => {}, reject: () => {} }));
    for (const { key, kept } of puts) checkRoom(key, kept);
    if (puts.length > 0) await this.#fill(puts);
    await eraseOldFiles(this.#fs, this.#dir, paths);
  }

  #release(slot: number): void {
    this.#unwiped.add(slot);
    this.#free.push(slot);
    this.#wipeLater();
  }

  #wipeLater(): void {
    this.#lazy ??= this.#timer(this.#lazyWipeMs, () => {
      this.#lazy = undefined;
      if (this.#unwiped.size > 0) this.#write();
    });
  }

  #write(): void {
    this.#round ??= this.#writeOn();
  }

  async #writeOn(): Promise<void> {
    // One turn of the queue, so that who puts in the same breath shares the sync.
    await Promise.resolve();
    let failed: boolean;
    do failed = await this.#writeRound().then(() => false, () => true);
    while (this.#pending.length > 0);
    this.#round = undefined;
    // Freed while the last write ran. Where that failed, the next put or opening sees to it.
    if (!failed && this.#unwiped.size > 0) this.#wipeLater();
  }

  async #writeRound(): Promise<void> {
    const puts = this.#pending;
    this.#pending = [];
    try {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#fill(puts);
      for (const { resolve } of puts) resolve();
    } catch (error) {
      for (const { reject } of puts) reject(error);
      throw error;
    }
  }

  /** Writes puts into free slots and zeros over the others that were freed, and syncs once. */
  async #fill(puts: readonly Put[]): Promise<void> {
    const taken: { readonly put: Put; readonly slot: number }[] = [];
    const written = new Map<number, Slot | undefined>();
    try {
      const file = (this.#file ??= await this.#open());
      if (this.#free.length < puts.length) await this.#grow(file, puts.length);
      if (puts.length > 1) this.#inOrder();
      for (const put of puts) {
        const slot = this.#free.pop();
        if (slot === undefined) throw new Error('no slot is free');
        taken.push({ put, slot });
        this.#puts += 1;
        written.set(slot, { key: put.key, kept: put.kept, put: this.#puts });
      }
      const wiping = [...this.#unwiped];
      for (const slot of wiping) if (!written.has(slot)) written.set(slot, undefined);
      await fillSlots(file, written);
      await this.#sync(file);
      for (const slot of wiping) this.#unwiped.delete(slot);
    } catch (error) {
      // Whatever of it reached the disk was promised to nobody, and each of these slots is written anew before it counts again.
      for (const { slot } of taken) this.#release(slot);
      throw error;
    }
    for (const { put, slot } of taken) {
      const former = this.#held.get(put.key);
      this.#held.set(put.key, { slot, kept: put.kept });
      if (former) this.#release(former.slot);
    }
  }

  /** Neighbours are filled one after the other, so that one write takes them. */
  #inOrder(): void {
    const isWiped = (slot: number): number => (this.#unwiped.has(slot) ? 0 : 1);
    this.#free.sort((a, b) => isWiped(b) - isWiped(a) || b - a);
  }

  async #sync(file: InPlaceFile): Promise<void> {
    try {
      await file.sync();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  async #grow(file: InPlaceFile, wanted: number): Promise<void> {
    const more = Math.max(GROWTH, wanted);
    await whole(file, new Uint8Array(more * SLOT_SIZE), this.#slots * SLOT_SIZE);
    const fresh = Array.from({ length: more }, (_, index) => this.#slots + more - 1 - index);
    this.#slots += more;
    this.#free = [...fresh, ...this.#free];
  }

  async #open(): Promise<InPlaceFile> {
    await this.#fs.makeDirectory(this.#dir);
    const file = await this.#fs.openInPlace(join(this.#dir, FILE));
    try {
      // Also where the file was there: whoever made it may not have got so far.
      await this.#fs.syncDirectory(this.#dir);
    } catch (error) {
      this.#failure = error;
      await file.close().catch(() => {});
      throw error;
    }
    return file;
  }
}

/** Writes slots, neighbours at once and all at the same time: one after the other, fifty tills would wait for each other's. @throws the first error, once no write is under way any more */
const fillSlots = async (file: InPlaceFile, written: ReadonlyMap<number, Slot | undefined>): Promise<void> => {
  const runs: { readonly from: number; readonly slots: (Slot | undefined)[] }[] = [];
  for (const [slot, content] of [...written].sort(([a], [b]) => a - b)) {
    const last = runs.at(-1);
    if (last && last.from + last.slots.length === slot) last.slots.push(content);
    else runs.push({ from: slot, slots: [content] });
  }
  const done = await Promise.allSettled(runs.map(({ from, slots }) => whole(file, encodeSlots(slots), from * SLOT_SIZE)));
  for (const each of done) if (each.status === 'rejected') throw each.reason;
};

const whole = async (file: InPlaceFile, bytes: Uint8Array, position: number): Promise<void> => {
  const written = await file.write(bytes, position);
  if (written !== bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes were written`);
};
