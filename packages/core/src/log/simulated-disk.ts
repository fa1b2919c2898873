/**
 * A disk in memory that behaves as badly as a real one may: what was not synced is lost, torn or garbled when the power
 * fails, names are lost until their directory is synced, and what a failed sync left unwritten stays so, though it can be read.
 */
import type { AppendFile, FileSystem, InPlaceFile, ReadFile } from './file-system.js';

/** Picks a whole number from 0 up to, not including, `below`: what the disk leaves to chance. */
export type Choose = (below: number) => number;

export type Operation = 'create' | 'append' | 'write' | 'sync' | 'truncate' | 'syncDirectory';

interface SimulatedFile {
  /** What a reader sees. */
  seen: Uint8Array;
  /** What survives the power. */
  kept: Uint8Array;
  /** Where bytes begin that the next sync will carry to the disk. */
  dirtyFrom: number;
  /** Written in place: pages that the next sync will carry. */
  readonly dirtyPages: Set<number>;
  named: boolean;
}

const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

export interface SimulatedDiskOptions {
  /** An operation takes effect when this resolves; at once unless told. */
  readonly during?: (operation: Operation) => Promise<void>;
}

export class SimulatedDisk implements FileSystem {
  readonly #files = new Map<string, SimulatedFile>();
  readonly #locks = new Set<string>();
  /** What a rename took the place of, until the directory is synced. */
  readonly #renamed = new Map<string, { readonly from: string; readonly old: SimulatedFile | undefined }>();
  readonly #during: (operation: Operation) => Promise<void>;
  /** Handles and calls of an earlier life are dead. */
  #life = 0;
  #off = false;
  #operationsLeft = Infinity;
  #next: { readonly operation: Operation; readonly done: () => void } | undefined;
  #onOff: (() => void) | undefined;
  #fault: { readonly operation: Operation; readonly code: string; readonly path: string | undefined; skip: number } | undefined;
  /** Every operation that changed something, in order. */
  readonly operations: string[] = [];

  constructor({ during = () => Promise.resolve() }: SimulatedDiskOptions = {}) {
    this.#during = during;
  }

  /**
   * The next operation of a kind, on one path if that is told, fails with a system's code; `SHORT` writes half and says so.
   * @param skip so many of them succeed before
   */
  failNext(operation: Operation, code: string, path?: string, skip = 0): void {
    this.#fault = { operation, code, path, skip };
  }

  /** Whether the fault that was ordered has struck. */
  get struck(): boolean {
    return this.#fault === undefined;
  }

  /** Calls back when the next operation of a kind is done. */
  onNext(operation: Operation, done: () => void): void {
    this.#next = { operation, done };
  }

  /** Resolves when the power fails. */
  powerFailed(): Promise<void> {
    return new Promise((resolve) => (this.#onOff = resolve));
  }

  /** Puts a whole file there, durably, behind everybody's back. */
  write(path: string, bytes: Uint8Array): void {
    this.#files.set(path, { ...newFile(), seen: Uint8Array.from(bytes), kept: Uint8Array.from(bytes), named: true });
  }

  /** The power is gone: nothing answers until `restart`. */
  get off(): boolean {
    return this.#off;
  }

  /** After so many more operations the power fails: nothing answers any more. */
  powerFailsAfter(operations: number): void {
    this.#operationsLeft = operations;
  }

  /** Switches the machine off and on. Locks are gone, and so is what was not on disk, as chance will have it. */
  restart(choose: Choose): void {
    this.endProcess();
    this.#off = false;
    this.#operationsLeft = Infinity;
    for (const [to, { from, old }] of this.#renamed) {
      const moved = this.#files.get(to);
      if (moved === undefined || choose(2) === 0) continue;
      this.#files.set(from, moved);
      if (old === undefined) this.#files.delete(to);
      else this.#files.set(to, old);
    }
    this.#renamed.clear();
    for (const [path, file] of this.#files) {
      if (!file.named && choose(2) === 0) {
        this.#files.delete(path);
        continue;
      }
      file.kept = pageSurvivors(survivors(file, choose), file, choose);
      file.dirtyPages.clear();
      file.seen = file.kept.slice();
      file.dirtyFrom = Infinity;
      file.named = true;
    }
  }

  /** The process that used the disk is gone; the machine runs on, and shows what was written, synced or not. */
  endProcess(): void {
    this.#life += 1;
    this.#fault = undefined;
    this.#locks.clear();
  }

  /** Another disk with what is on this one. */
  copy(): SimulatedDisk {
    const disk = new SimulatedDisk();
    for (const [path, file] of this.#files) disk.#files.set(path, { ...file, dirtyPages: new Set(file.dirtyPages) });
    return disk;
  }

  /** Changes bytes behind everybody's back. */
  edit(path: string, change: (bytes: Uint8Array) => Uint8Array): void {
    const file = this.#file(path);
    file.seen = change(file.seen.slice());
    file.kept = file.seen.slice();
  }

  paths(): readonly string[] {
    return [...this.#files.keys()];
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  bytes(path: string): Uint8Array {
    return this.#file(path).seen.slice();
  }

  async makeDirectory(): Promise<void> {}

  async lock(path: string): Promise<(() => Promise<void>) | undefined> {
    if (this.#locks.has(path)) return undefined;
    this.#locks.add(path);
    const life = this.#life;
    return async () => {
      if (life === this.#life) this.#locks.delete(path);
    };
  }

  async list(path: string): Promise<readonly string[]> {
    return [...this.#files.keys()].filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1));
  }

  async openAppend(path: string, options: { readonly create: boolean }): Promise<AppendFile> {
    const life = this.#life;
    if (options.create) {
      await this.#operate('create', path, life);
      if (this.#files.has(path)) throw systemError('EEXIST');
      this.#files.set(path, newFile());
    }
    const file = this.#file(path);
    return {
      append: async (bytes) => {
        const short = await this.#operate('append', path, life);
        const taken = short ? bytes.subarray(0, bytes.length >> 1) : bytes;
        file.dirtyFrom = Math.min(file.dirtyFrom, file.seen.length);
        file.seen = join(file.seen, taken);
        return taken.length;
      },
      sync: () => this.#sync(file, path, life),
      truncate: async (length) => {
        await this.#operate('truncate', path, life);
        file.dirtyFrom = Math.min(file.dirtyFrom, length);
        file.seen = file.seen.slice(0, length);
      },
      close: async () => undefined,
    };
  }

  async openInPlace(path: string): Promise<InPlaceFile> {
    const life = this.#life;
    if (!this.#files.has(path)) {
      await this.#operate('create', path, life);
      this.#files.set(path, newFile());
    }
    const file = this.#file(path);
    return {
      write: async (bytes, position) => {
        const short = await this.#operate('write', path, life);
        const taken = short ? bytes.subarray(0, bytes.length >> 1) : bytes;
        const end = position + taken.length;
        if (end > file.seen.length) file.seen = join(file.seen, new Uint8Array(end - file.seen.length));
        file.seen.set(taken, position);
        for (let page = Math.floor(position / PAGE); page * PAGE < end; page += 1) file.dirtyPages.add(page);
        return taken.length;
      },
      sync: () => this.#sync(file, path, life),
      close: async () => undefined,
    };
  }

  async openRead(path: string): Promise<ReadFile> {
    const file = this.#file(path);
    return { read: async (position, length) => file.seen.slice(position, position + length), close: async () => undefined };
  }

  async size(path: string): Promise<number | undefined> {
    return this.#files.get(path)?.seen.length;
  }

  async *read(path: string): AsyncGenerator<Uint8Array> {
    const { seen } = this.#file(path);
    // Pieces of a size that no line has, so that lines are split in all places.
    for (let at = 0; at < seen.length; at += 1021) yield seen.subarray(at, at + 1021);
  }

  async readWhole(path: string): Promise<Uint8Array | undefined> {
    return this.#files.get(path)?.seen.slice();
  }

  async refresh(path: string, offset: number): Promise<void> {
    const file = this.#file(path);
    file.dirtyFrom = Math.min(file.dirtyFrom, offset);
    await this.#sync(file, path, this.#life);
  }

  async rename(from: string, to: string): Promise<void> {
    if (!this.#renamed.has(to)) this.#renamed.set(to, { from, old: this.#files.get(to) });
    this.#files.set(to, this.#file(from));
    this.#files.delete(from);
  }

  async remove(path: string): Promise<void> {
    this.#files.delete(path);
  }

  async zero(path: string): Promise<void> {
    this.#file(path).seen.fill(0);
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#operate('syncDirectory', path, this.#life);
    for (const [name, file] of this.#files) if (name.startsWith(`${path}/`)) file.named = true;
    for (const name of this.#renamed.keys()) if (name.startsWith(`${path}/`)) this.#renamed.delete(name);
  }

  #file(path: string): SimulatedFile {
    const file = this.#files.get(path);
    if (file === undefined) throw systemError('ENOENT');
    return file;
  }

  async #sync(file: SimulatedFile, path: string, life: number): Promise<void> {
    try {
      await this.#operate('sync', path, life);
    } catch (error) {
      // The pages count as clean from now on: another sync would succeed and carry nothing.
      file.dirtyFrom = Infinity;
      file.dirtyPages.clear();
      throw error;
    }
    file.kept = afterSync(file);
    for (const page of file.dirtyPages) file.kept = withPage(file.kept, page, pageOf(file.seen, page));
    file.dirtyFrom = Infinity;
    file.dirtyPages.clear();
  }

  /** @returns true where a write is to be cut short */
  async #operate(operation: Operation, path: string, life: number): Promise<boolean> {
    await this.#during(operation);
    this.#operationsLeft -= 1;
    if (this.#operationsLeft < 0 && !this.#off) {
      this.#off = true;
      this.#onOff?.();
    }
    if (this.#off || life !== this.#life) await new Promise<never>(() => undefined);
    this.operations.push(`${operation} ${path}`);
    if (this.#next?.operation === operation) {
      const { done } = this.#next;
      this.#next = undefined;
      queueMicrotask(done);
    }
    const fault = this.#fault;
    if (fault === undefined || fault.operation !== operation || (fault.path !== undefined && fault.path !== path)) return false;
    if (fault.skip > 0) {
      fault.skip -= 1;
      return false;
    }
    this.#fault = undefined;
    if (fault.code === 'SHORT') return true;
    throw systemError(fault.code);
  }
}

const afterSync = (file: SimulatedFile): Uint8Array => {
  if (file.dirtyFrom === Infinity) return file.kept;
  const hole = new Uint8Array(Math.max(0, file.dirtyFrom - file.kept.length));
  return join(file.kept.subarray(0, file.dirtyFrom), hole, file.seen.subarray(file.dirtyFrom));
};

/**
 * Of the bytes that no sync carried some may have got there by themselves, in any order, and some only as zeros or garbage.
 * Bytes written over by the same bytes stay what they are.
 */
const survivors = (file: SimulatedFile, choose: Choose): Uint8Array => {
  const { kept } = file;
  const written = afterSync(file);
  if (written.length < kept.length && choose(2) === 0) return kept;
  const differs = written.findIndex((byte, at) => byte !== kept[at]);
  if (differs === -1) return written;
  const length = differs + choose(written.length - differs + 1);
  const survived = written.slice(0, length);
  const garbled = choose(4);
  if (garbled > 1 || length === differs) return survived;
  const from = differs + choose(length - differs);
  const to = from + choose(length - from + 1);
  return garbled === 0 ? survived.fill(0, from, to) : survived.map((byte, at) => (at >= from && at < to && choose(2) === 0 ? choose(256) : byte));
};

const PAGE = 4096;
const newFile = (): SimulatedFile => ({ seen: new Uint8Array(), kept: new Uint8Array(), dirtyFrom: Infinity, dirtyPages: new Set(), named: false });
const pageOf = (bytes: Uint8Array, page: number): Uint8Array => bytes.slice(page * PAGE, (page + 1) * PAGE);

const withPage = (bytes: Uint8Array, page: number, content: Uint8Array): Uint8Array => {
  const end = page * PAGE + content.length;
  const grown = end > bytes.length ? join(bytes, new Uint8Array(end - bytes.length)) : bytes.slice();
  grown.set(content, page * PAGE);
  return grown;
};

/** A page that was being written is the old one, the new one, or torn; its neighbours are as they were. */
const pageSurvivors = (kept: Uint8Array, { seen, dirtyPages }: SimulatedFile, choose: Choose): Uint8Array => {
  let bytes = kept;
  for (const page of dirtyPages) {
    const before = pageOf(bytes, page);
    const after = pageOf(seen, page);
    const fate = choose(4);
    if (fate === 0) continue;
    const torn = fate === 1 ? choose(after.length + 1) : after.length;
    bytes = withPage(bytes, page, join(after.subarray(0, torn), before.subarray(torn, after.length), new Uint8Array(Math.max(0, after.length - Math.max(torn, before.length)))));
  }
  return bytes;
};

const systemError = (code: string): Error => Object.assign(new Error(`${code}: simulated`), { code });
