/** A simulated till's storage on a simulated disk: real segments, checkpoints and slots, which crashes tear and lose as on a bad machine. */
import { crc32 } from 'node:zlib';
import type { SealedStore } from '../engine/ports.js';
import type { EventRecord } from '../events.js';
import { seeded } from '../interpreter/random.js';
import type { Json } from '../json.js';
import { type CheckpointPlace, checkpointText } from '../log/checkpoint-file.js';
import { fileLog } from '../log/file-log.js';
import { fileSealedStore } from '../log/sealed-store.js';
import { segmentPath } from '../log/segment.js';
import { type Choose, type Operation, SimulatedDisk } from '../log/simulated-disk.js';
import { type CheckpointFate, type CrashLeft, LAZY_FLUSH_MS, type SimulatedStorage, type StorageOf, type StorageOptions } from './storage.js';
import { WatchedLog } from './watched-log.js';

export const onSimulatedDisk: StorageOf = (options) => new DiskStorage(options);

const DIR = '/till';
const SEALED = `${DIR}/sealed`;
const CHECKPOINT = `${DIR}/checkpoint.json`;
/** About so long is a record in a simulation. */
const RECORD_BYTES = 500;

type Failure = readonly [operation: Operation, code: string, path?: string];
const failures: { readonly [what in 'write' | 'sync' | 'opening']: readonly Failure[] } = {
  write: [['append', 'ENOSPC'], ['append', 'SHORT'], ['append', 'SHORT'], ['append', 'SHORT'], ['append', 'EROFS'], ['create', 'ENOSPC'], ['syncDirectory', 'EIO'], ['write', 'ENOSPC'], ['write', 'SHORT']],
  sync: [['sync', 'EIO'], ['sync', 'EIO', segmentPath(DIR, 1)], ['sync', 'EIO', `${SEALED}/slots`]],
  opening: [['sync', 'EIO'], ['sync', 'EIO'], ['syncDirectory', 'EIO'], ['truncate', 'EIO']],
};
/** Of a hundred crashes. After a failure of the disk it is mostly the program that is started anew, and the machine runs on. */
const chances = { powerCut: 60, powerCutAfterFailure: 20, damage: 15, refusedOpening: 8 };

class DiskStorage implements SimulatedStorage {
  readonly lost: string[] = [];
  readonly faults = new Map<string, number>();
  log: WatchedLog;
  sealed: SealedStore;
  mayRefuse = false;
  readonly #options: StorageOptions;
  readonly #choose: Choose;
  readonly #disk: SimulatedDisk;
  #olderCheckpoint: string | undefined;
  #failing = false;
  /** What stood where the disk was damaged. */
  #sound: { readonly path: string; readonly bytes: Uint8Array } | undefined;

  constructor(options: StorageOptions) {
    this.#options = options;
    const random = seeded(`${options.seed}/disk`);
    this.#choose = (below) => Math.floor(random.next() * below);
    const { clock, syncMs, operating } = options;
    this.#disk = new SimulatedDisk({
      during: async (operation) => {
        await operating();
        if (operation === 'sync' || operation === 'syncDirectory') await clock.until(clock.now() + syncMs());
      },
    });
    this.log = this.#nextLog();
    this.sealed = this.#nextStore();
  }

  get damaged(): boolean {
    return this.#sound !== undefined;
  }

  async records(): Promise<readonly EventRecord[]> {
    return recordsOn(this.#disk);
  }

  failNext(what: keyof typeof failures): void {
    const [operation, code, path] = failures[what][this.#choose(failures[what].length)] ?? ['sync', 'EIO'];
    this.#disk.failNext(operation, code, path);
    this.#failing = true;
  }

  crash({ checkpoint }: CrashLeft): void {
    if (this.#happens('power-cut', this.#failing ? chances.powerCutAfterFailure : chances.powerCut)) this.#disk.restart(this.#choose);
    else this.#disk.endProcess();
    this.#failing = false;
    this.#spoilCheckpoint(checkpoint);
    if (!this.damaged && this.#happens('damage', chances.damage)) this.#damage();
    this.#next();
    this.mayRefuse = this.#happens('opening-refused', chances.refusedOpening);
    if (this.mayRefuse) this.failNext('opening');
  }

  closed(): void {
    this.#next();
  }

  mend(): void {
    if (this.#sound) this.#disk.write(this.#sound.path, this.#sound.bytes);
    this.#sound = undefined;
  }

  #next(): void {
    this.log = this.#nextLog();
    this.sealed = this.#nextStore();
    this.mayRefuse = false;
  }

  #nextLog(): WatchedLog {
    const { checkpointEvery } = this.#options;
    return new WatchedLog({
      log: fileLog(DIR, { ...this.#machine(), lazyFlushMs: LAZY_FLUSH_MS, ...(checkpointEvery === undefined ? {} : { segmentBytes: checkpointEvery * RECORD_BYTES }) }),
      onDisk: () => recordsOn(this.#disk),
      before: this.log?.last,
      lost: (problem) => this.lost.push(problem),
      torn: () => this.#count('torn-tail'),
    });
  }

  #nextStore(): SealedStore {
    return fileSealedStore(SEALED, this.#machine());
  }

  #machine() {
    const { clock } = this.#options;
    return { fileSystem: this.#disk, timer: (ms: number, due: () => void) => clock.alarm(clock.now() + ms, due) };
  }

  /** A bit flips in a line of which a later one says that it was on disk. Without such a witness it might as well be a torn tail. */
  #damage(): void {
    const path = segmentPath(DIR, segmentsOn(this.#disk).length);
    const lines = linesOf(this.#disk, path);
    const claimed = Math.max(0, ...lines.map(({ durableTo }) => durableTo));
    const witnessed = lines.filter(({ records }) => records.every(({ seq }) => seq <= claimed));
    const line = witnessed[this.#choose(witnessed.length)];
    if (!line) return;
    this.#count('damaged-record');
    this.#sound = { path, bytes: this.#disk.bytes(path) };
    const at = line.from + this.#choose(line.length);
    this.#disk.edit(path, (bytes) => bytes.map((byte, index) => (index === at ? byte ^ (1 << this.#choose(8)) : byte)));
  }

  #spoilCheckpoint(fate: CheckpointFate): void {
    const text = textOn(this.#disk, CHECKPOINT);
    if (text === undefined || !isWhole(text)) return;
    const older = this.#olderCheckpoint;
    this.#olderCheckpoint = text;
    if (fate === 'kept') return;
    // Taken of a log that went another way from here on, as after a copy was put back.
    const strange = older !== undefined && fate === 'older' && this.#happens('checkpoint-strange', 50);
    const left = strange ? strangeCheckpoint(text, older) : { older, torn: text.slice(0, text.length >> 1), absent: undefined }[fate];
    if (left === undefined) void this.#disk.remove(CHECKPOINT);
    else this.#disk.write(CHECKPOINT, Buffer.from(left));
  }

  #happens(name: string, ofHundred: number): boolean {
    const happens = this.#choose(100) < ofHundred;
    if (happens && name !== 'damage') this.#count(name);
    return happens;
  }

  #count(name: string): void {
    this.faults.set(name, (this.faults.get(name) ?? 0) + 1);
  }
}

const textOn = (disk: SimulatedDisk, path: string): string | undefined => (disk.has(path) ? Buffer.from(disk.bytes(path)).toString('utf8') : undefined);

const isWhole = (checkpoint: string): boolean => {
  try {
    JSON.parse(checkpoint.split('\n')[2] ?? '');
    return true;
  } catch {
    return false;
  }
};

/** The newer one's place with another record there, and what the older one knew. */
const strangeCheckpoint = (newer: string, older: string): string => {
  const place = JSON.parse(newer.split('\n')[1] ?? '') as CheckpointPlace;
  return checkpointText({ ...place, hash: place.hash.replaceAll(/[0-7]/g, 'f') }, JSON.parse(older.split('\n')[2] ?? '') as Json);
};

interface Line {
  readonly records: readonly EventRecord[];
  readonly durableTo: number;
  readonly from: number;
  readonly length: number;
}

/** Reads the disk as somebody does who knows what a line looks like, and nothing of the code that wrote it. */
const linesOf = (disk: SimulatedDisk, path: string): readonly Line[] => {
  const lines: Line[] = [];
  let from = 0;
  for (const text of (textOn(disk, path) ?? '').split('\n').slice(0, -1)) {
    const length = Buffer.byteLength(text);
    const sum = text.lastIndexOf(',"crc":"');
    // Else it is torn, garbled or damaged, and says nothing, though some of those can be read.
    if (text.slice(sum) === `,"crc":"${crc32(text.slice(0, sum)).toString(16).padStart(8, '0')}"}`) {
      const { durableTo, records } = JSON.parse(text) as { readonly durableTo: number; readonly records: readonly EventRecord[] };
      lines.push({ records, durableTo, from, length });
    }
    from += length + 1;
  }
  return lines;
};

const segmentsOn = (disk: SimulatedDisk): readonly string[] => disk.paths().filter((path) => path.startsWith(`${DIR}/`) && path.endsWith('.jsonl')).sort();

const recordsOn = (disk: SimulatedDisk): readonly EventRecord[] => segmentsOn(disk).flatMap((path) => linesOf(disk, path).flatMap(({ records }) => records));
