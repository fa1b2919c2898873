import type { EventRecord } from '../events.js';
import { deepFreeze } from '../json.js';
import type { FileSystem } from './file-system.js';
import { decode, isWhole, PREV_WITHIN, prevIn, rawLines, whyNot } from './batch.js';
import { damage } from './scan.js';
import { type OpenSegment, segmentName, segmentPath } from './segment.js';

/** Bytes that stand in every line with a record of a stream, or with one that holds a text as a value. */
export const lineMark = (of: { readonly stream: string } | { readonly value: string }): Buffer =>
  Buffer.from('stream' in of ? `,"stream":${JSON.stringify(of.stream)},"v":` : JSON.stringify(of.value));

/**
 * The records of a segment in order: of a sealed one, given by its number, or of one that is appended to, as it stands when
 * the reading begins; what is appended meanwhile may come with it.
 * @param mark leaves out lines that do not hold it, without decoding them, where they are whole: damage may have taken it away. What
 *   is on no line yet comes in any case
 * @throws LOG_DAMAGED
 */
export async function* readSegment(fs: FileSystem, dir: string, segment: number | OpenSegment, mark?: Buffer): AsyncGenerator<EventRecord> {
  const { number, pieces, pending } = typeof segment === 'number' ? { number: segment, pieces: fs.read(segmentPath(dir, segment)), pending: [] } : stateOf(fs, dir, segment);
  let line = 0;
  for await (const lines of rawLines(pieces)) {
    for (const { bytes, offset } of lines) {
      line += 1;
      if (mark !== undefined && !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(mark) && isWhole(bytes)) continue;
      const decoded = decode(bytes);
      if (decoded.is !== 'batch') throw damage(dir, { file: segmentName(number), line, byte: offset, seq: 0, why: whyNot(decoded) });
      for (const record of decoded.records) yield deepFreeze(record);
    }
  }
  yield* pending;
}

/** SHA-256 of the line before a segment's first one, as that says it; undefined where nothing can be read of it. */
export const chainBefore = async (fs: FileSystem, dir: string, segment: number): Promise<string | undefined> => {
  try {
    const file = await fs.openRead(segmentPath(dir, segment));
    try {
      return prevIn(await file.read(0, PREV_WITHIN));
    } finally {
      await file.close();
    }
  } catch {
    // Whoever reads the segment for what it holds is told.
    return undefined;
  }
};

/** Whether a segment's first line can be read and is what was written. */
export const beginsWhole = async (fs: FileSystem, dir: string, segment: number): Promise<boolean> => {
  try {
    for await (const [first] of rawLines(fs.read(segmentPath(dir, segment)))) return first?.ended === true && isWhole(first.bytes);
  } catch {
    // As above.
  }
  return false;
};

/** What is on disk, then what is on a line, then what is on none: all as of now. What a write adds to the file meanwhile is read from memory. */
const stateOf = (fs: FileSystem, dir: string, { number, size, unwritten, pending }: OpenSegment) => {
  const rest = unwritten.copy();
  const pieces = (async function* () {
    let left = size - rest.length;
    if (left > 0) {
      for await (const piece of fs.read(segmentPath(dir, number))) {
        yield piece.subarray(0, left);
        left -= piece.length;
        if (left <= 0) break;
      }
    }
    yield rest;
  })();
  return { number, pieces, pending };
};
