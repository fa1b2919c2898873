import type { EventRecord } from '../events.js';
import { deepFreeze } from '../json.js';
import { nodeFileSystem } from './node-file-system.js';
import { scanLog, sound, type Fault } from './scan.js';
import { segmentName } from './segment.js';

/** The number of a line's last record and the line's hash, kept elsewhere: on the settlement slip. */
export interface Anchor {
  readonly seq: number;
  /** SHA-256 of the line, lower-case hex. */
  readonly head: string;
}

export type LogVerdict =
  | {
      readonly ok: true;
      readonly records: number;
      readonly segments: number;
      /** SHA-256 of the last line: with `records` the anchor to keep. */
      readonly head: string;
      /** Bytes after the last record that nobody was told of; opening will cut them. */
      readonly cut?: { readonly bytes: number };
    }
  | ({ readonly ok: false } & Fault);

/**
 * Reads a whole log and names the first thing that is wrong with it. Takes no lock and changes nothing: a running till's
 * log can be verified; what that till is just writing shows as `cut`.
 * @param options.anchor  finds also a log that was written anew or cut at a line's edge, which its own chain can't show
 * @throws LOG_VERSION where it comes to a line of another version: what that holds can't be judged
 */
export const verifyLog = async (dir: string, options: { readonly anchor?: Anchor } = {}): Promise<LogVerdict> => {
  const { anchor } = options;
  const scan = scanLog(nodeFileSystem, dir);
  let step = await scan.next();
  for (; step.done !== true; step = await scan.next()) {
    if (anchor === undefined) continue;
    const found = step.value.find(({ record }) => record.seq === anchor.seq);
    if (found !== undefined && found.hash !== anchor.head) return { ok: false, file: segmentName(found.segment), line: found.line, byte: found.byte, seq: anchor.seq, why: 'the record is not the one that was anchored' };
  }
  const end = step.value;
  if (end.is === 'damaged') return { ok: false, ...end.fault };
  const { records, segments, head, cut, place } = sound(dir, end);
  if (anchor !== undefined && anchor.seq > records) return { ok: false, ...place, seq: records + 1, why: `the log ends before the anchored record ${anchor.seq}` };
  return { ok: true, records, segments, head, ...(cut === undefined ? {} : { cut }) };
};

/**
 * Every record of a log in order, for looking at it: takes no lock, changes nothing, stops before a torn tail.
 * @throws LOG_DAMAGED, LOG_VERSION where it comes to such a place, after the records before it
 */
export async function* readLog(dir: string): AsyncGenerator<EventRecord> {
  const scan = scanLog(nodeFileSystem, dir);
  let step = await scan.next();
  for (; step.done !== true; step = await scan.next()) for (const { record } of step.value) yield deepFreeze(record);
  sound(dir, step.value);
}
