import type { EventRecord } from '../events.js';
import { deepFreeze } from '../json.js';
import type { FileSystem } from './file-system.js';
import { decode, rawLines } from './record.js';
import { damage } from './scan.js';
import { type OpenSegment, segmentName, segmentPath } from './segment.js';

/** Bytes that stand in the line of every record of a stream, or of every record that holds a text as a value. */
export const recordMark = (of: { readonly stream: string } | { readonly value: string }): Buffer =>
  Buffer.from('stream' in of ? `,"stream":${JSON.stringify(of.stream)},"v":` : JSON.stringify(of.value));

/**
 * The records of a segment in order: of a sealed one, given by its number, or of one that is appended to, as it stands when
 * the reading begins.
 * @param mark leaves out lines that do not hold it, without decoding them
 * @throws LOG_DAMAGED
 */
export async function* readSegment(fs: FileSystem, dir: string, segment: number | OpenSegment, mark?: Buffer): AsyncGenerator<EventRecord> {
  const [number, pieces] = typeof segment === 'number' ? [segment, fs.read(segmentPath(dir, segment))] : [segment.number, piecesOf(fs, dir, segment)];
  let line = 0;
  for await (const lines of rawLines(pieces)) {
    for (const { bytes, offset } of lines) {
      line += 1;
      if (mark !== undefined && !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(mark)) continue;
      const decoded = decode(bytes);
      if (decoded.is === 'line') yield deepFreeze(decoded.record);
      else throw damage(dir, { file: segmentName(number), line, byte: offset, seq: 0, why: decoded.is === 'bad' ? decoded.why : 'newer' });
    }
  }
}

/** What is on disk, then what is not: both as of now. What a write adds to the file meanwhile is read from memory. */
const piecesOf = (fs: FileSystem, dir: string, { number, size, unwritten }: OpenSegment): AsyncIterable<Uint8Array> => {
  const rest = unwritten.copy();
  return (async function* () {
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
};
