import type { EventRecord } from '../events.js';
import type { FileSystem } from './file-system.js';
import { decode, rawLines } from './record.js';
import { damage } from './scan.js';
import { segmentName, segmentPath } from './segment.js';

/** Bytes that stand in the line of every record of a stream, or of every record that holds a text as a value. */
export const recordMark = (of: { readonly stream: string } | { readonly value: string }): Buffer =>
  Buffer.from('stream' in of ? `,"stream":${JSON.stringify(of.stream)},"v":` : JSON.stringify(of.value));

/**
 * The records of a sealed segment in order.
 * @param mark leaves out lines that do not hold it, without decoding them
 * @throws LOG_DAMAGED
 */
export async function* readSegment(fs: FileSystem, dir: string, number: number, mark?: Buffer): AsyncGenerator<EventRecord> {
  let line = 0;
  for await (const lines of rawLines(fs.read(segmentPath(dir, number)))) {
    for (const { bytes, offset } of lines) {
      line += 1;
      if (mark !== undefined && !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(mark)) continue;
      const decoded = decode(bytes);
      if (decoded.is === 'line') yield decoded.record;
      else throw damage(dir, { file: segmentName(number), line, byte: offset, seq: 0, why: decoded.is === 'bad' ? decoded.why : 'newer' });
    }
  }
}
