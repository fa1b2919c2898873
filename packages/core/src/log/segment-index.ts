/**
 * Which sealed segments hold a stream, a key, a payment's reference: derived from them, rebuilt where it is missing.
 *
 * A sealed segment adds a run of its own; four runs of one length become one. So a million transactions are a handful of files,
 * each entry is written a few times, and neither looking up nor memory grows with history. A run is written whole under
 * another name, synced and renamed; what a crash leaves is taken away at opening.
 */
import { join } from 'node:path';
import type { AppendFile, FileSystem, ReadFile } from './file-system.js';
import { before, decodeHead, encodeHead, ENTRY, lookUp, PAGE, PageWriter, RunCursor, type RunHead, runSize, sortedEntries, termHash } from './index-run.js';
import { beginsWhole, chainBefore } from './segment-reader.js';

const FAN_IN = 4;
const NAME = /^(\d{8})-(\d{8})\.run$/;
const OWN = /^\d{8}-\d{8}\.run(\.new)?$/;
const eight = (number: number): string => String(number).padStart(8, '0');
const nameOf = ({ from, to }: Pick<RunHead, 'from' | 'to'>): string => `${eight(from)}-${eight(to)}.run`;

interface Run {
  readonly head: RunHead;
  readonly file: ReadFile;
  /** A page of it was found damaged or could not be read: its file is gone, all its segments are looked into, and the next opening makes it anew. */
  damaged?: boolean;
}

export class SegmentIndex {
  readonly #fs: FileSystem;
  readonly #logDir: string;
  readonly #dir: string;
  /** In the order of their segments, without a gap from the first segment on. */
  #runs: Run[] = [];
  /** Sealed segments that are not in a run yet, or whose run could not be written. */
  readonly #waiting = new Map<number, ReadonlySet<string>>();
  #work: Promise<void> = Promise.resolve();
  #failure: unknown;
  /** Who reads: a run's file is closed only when they are through. */
  readonly #finding = new Set<Promise<unknown>>();
  #closed = false;
  readonly #looking: boolean;

  /** @param options.looking  somebody else may hold the log: nothing is taken away, and what vanishes meanwhile was never there */
  constructor(fs: FileSystem, logDir: string, { looking = false }: { readonly looking?: boolean } = {}) {
    this.#fs = fs;
    this.#logDir = logDir;
    this.#dir = join(logDir, 'index');
    this.#looking = looking;
  }

  /**
   * Takes the runs that are there for sealed segments.
   * @param sealed how many segments are sealed; nothing is known of later ones
   * @param end    SHA-256 of the last line of them; without it every run is thrown away
   * @returns the first sealed segment that no run covers; those from there on are to be added
   */
  async open(sealed: number, end: string | undefined): Promise<number> {
    const heads = new Map<number, Pick<RunHead, 'from' | 'to'>>();
    const names = await this.#fs.list(this.#dir);
    for (const name of names) {
      const [, from, to] = NAME.exec(name) ?? [];
      if (end === undefined || from === undefined || Number(to) > sealed) continue;
      const head = { from: Number(from), to: Number(to) };
      if (head.to > (heads.get(head.from)?.to ?? 0)) heads.set(head.from, head);
    }
    let next = 1;
    for (let head = heads.get(next); head !== undefined; head = heads.get(next)) {
      const run = await this.#openRun(head);
      if (!run) break;
      const fits = run.head.end === (head.to === sealed ? end : await chainBefore(this.#fs, this.#logDir, head.to + 1));
      // What follows may be damaged and tell nothing: that keeps nobody from opening, who reads no old segments for it.
      if (!fits && (head.to === sealed || (await beginsWhole(this.#fs, this.#logDir, head.to + 1)))) {
        await run.file.close().catch(() => {});
        break;
      }
      this.#runs.push(run);
      next = run.head.to + 1;
    }
    const kept = new Set(this.#runs.map(({ head }) => nameOf(head)));
    for (const name of names) if (!this.#looking && OWN.test(name) && !kept.has(name)) await this.#fs.remove(join(this.#dir, name));
    return next;
  }

  /**
   * A segment is sealed and on disk; segments come in order.
   * @param end SHA-256 of its last line
   */
  add(segment: number, end: string, terms: ReadonlySet<string>): void {
    this.#waiting.set(segment, terms);
    this.#work = this.#work.then(() => this.#addNow(segment, end, terms));
  }

  /** Resolves when all that was added is in its place. @throws why it could not be written: it is looked up from memory until the next opening */
  async settled(): Promise<void> {
    await this.#work;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** @returns sealed segments that may hold the term, ascending */
  async find(term: string): Promise<number[]> {
    const finding = this.#find(term);
    this.#finding.add(finding);
    try {
      return await finding;
    } finally {
      this.#finding.delete(finding);
    }
  }

  async #find(term: string): Promise<number[]> {
    const found = new Set<number>();
    for (const [segment, terms] of this.#waiting) if (terms.has(term)) found.add(segment);
    if (this.#runs.length > 0) {
      const wanted = termHash(term);
      for (const segments of await Promise.all(this.#runs.map((run) => this.#lookUp(run, wanted)))) for (const segment of segments) found.add(segment);
    }
    return [...found].sort((a, b) => a - b);
  }

  /** For tests and measurements. */
  get runs(): readonly RunHead[] {
    return this.#runs.map(({ head }) => head);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#work;
    await Promise.allSettled(this.#finding);
    for (const { file } of this.#runs) await file.close().catch(() => {});
    this.#runs = [];
  }

  async #lookUp(run: Run, wanted: Buffer): Promise<number[]> {
    if (run.damaged !== true) {
      try {
        return await lookUp(run.file, run.head, wanted);
      } catch {
        await this.#giveUp(run);
      }
    }
    return Array.from({ length: run.head.to - run.head.from + 1 }, (_, index) => run.head.from + index);
  }

  /** Damaged, or the disk does not give it: both cost time, and no answer. */
  async #giveUp(run: Run): Promise<void> {
    run.damaged = true;
    if (!this.#looking) await this.#fs.remove(join(this.#dir, nameOf(run.head))).catch(() => {});
  }

  /** @returns undefined for one that can't be used, or not be read: it is made anew */
  async #openRun(wanted: Pick<RunHead, 'from' | 'to'>): Promise<Run | undefined> {
    const path = join(this.#dir, nameOf(wanted));
    let file: ReadFile | undefined;
    try {
      file = await this.#fs.openRead(path);
      const head = decodeHead(await file.read(0, PAGE));
      if (head && head.from === wanted.from && head.to === wanted.to && (await this.#fs.size(path)) === runSize(head)) return { head, file };
    } catch {
      // Its segments say the same.
    }
    await file?.close().catch(() => {});
    return undefined;
  }

  async #addNow(segment: number, end: string, terms: ReadonlySet<string>): Promise<void> {
    // After a run that is missing none fits: what is not in a run stays in memory, and is made anew at the next opening.
    if (this.#closed || this.#failure !== undefined) return;
    try {
      const entries = sortedEntries(terms, segment);
      const run = await this.#write({ from: segment, to: segment, entries: entries.length / ENTRY, end }, async (writer) => {
        for (let at = 0; at < entries.length; at += ENTRY) writer.add(entries, at);
      });
      this.#runs.push(run);
      this.#waiting.delete(segment);
      while (await this.#merge());
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Makes one run of the last four, where they are of one length. @returns whether it did */
  async #merge(): Promise<boolean> {
    const last = this.#runs.slice(-FAN_IN);
    const [first] = last;
    const newest = last[FAN_IN - 1];
    if (!first || !newest || this.#closed) return false;
    const length = ({ head }: Run): number => head.to - head.from;
    if (last.some((run) => length(run) !== length(first) || run.damaged)) return false;
    const cursors = last.map(({ file, head }) => new RunCursor(file, head));
    let merged: Run;
    try {
      merged = await this.#write({ ...newest.head, from: first.head.from, entries: last.reduce((sum, { head }) => sum + head.entries, 0) }, (writer, flush) => mergeInto(cursors, writer, flush));
    } catch (error) {
      const unread = last.filter((_, index) => cursors[index]?.unread);
      if (unread.length === 0) throw error;
      for (const run of unread) await this.#giveUp(run);
      return false;
    }
    this.#runs.splice(-FAN_IN, FAN_IN, merged);
    await Promise.allSettled(this.#finding);
    await Promise.allSettled(last.map(({ file }) => file.close()));
    for (const { head: former } of last) await this.#fs.remove(join(this.#dir, nameOf(former)));
    return true;
  }

  async #write(head: RunHead, fill: (writer: PageWriter, flush: () => Promise<void>) => Promise<void>): Promise<Run> {
    const path = join(this.#dir, nameOf(head));
    const unfinished = `${path}.new`;
    await this.#fs.makeDirectory(this.#dir);
    await this.#fs.remove(unfinished);
    const file = await this.#fs.openAppend(unfinished, { create: true });
    try {
      const writer = new PageWriter();
      await whole(file, encodeHead(head));
      await fill(writer, () => whole(file, writer.flush(false)));
      await whole(file, writer.flush(true));
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#fs.rename(unfinished, path);
    await this.#fs.syncDirectory(this.#dir);
    return { head, file: await this.#fs.openRead(path) };
  }
}

const mergeInto = async (cursors: readonly RunCursor[], writer: PageWriter, flush: () => Promise<void>): Promise<void> => {
  for (const cursor of cursors) await cursor.step();
  for (;;) {
    let least: RunCursor | undefined;
    for (const cursor of cursors) {
      if (cursor.page !== undefined && (least?.page === undefined || before(cursor.page, cursor.at, least.page, least.at))) least = cursor;
    }
    if (least?.page === undefined) return;
    writer.add(least.page, least.at);
    // Waits only where there is something to wait for; a full chunk goes out, and others get their turn.
    const turning = least.step();
    if (turning) await turning;
    if (writer.full >= 16) await flush();
  }
};

const whole = async (file: AppendFile, bytes: Uint8Array): Promise<void> => {
  if (bytes.length === 0) return;
  const written = await file.append(bytes);
  if (written !== bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes were written`);
};
