/**
 * A slot of the sealed store's file: one page of a disk, so that a write which the power interrupts can't touch another slot.
 *
 *     0  4  "TWS1"
 *     4  4  CRC-32 of all that follows, to the slot's end
 *     8  8  number of the put: the newer of two slots with one key counts
 *    16  2  length of the key, in bytes of UTF-8
 *    18  2  length of what is kept
 *    20     key, what is kept, zeros
 */
import { crc32 } from 'node:zlib';
import { SEALED_ROOM } from './sealed-room.js';

const MAGIC = 0x54575331;
const HEADER = 20;
/** In bytes: 4096, a page. */
export const SLOT_SIZE = HEADER + SEALED_ROOM;
const CHECKED_FROM = 8;

export interface Slot {
  readonly key: string;
  readonly kept: Uint8Array;
  readonly put: number;
}

export type SlotContent = { readonly is: 'empty' } | { readonly is: 'bad' } | ({ readonly is: 'slot' } & Slot);

/**
 * The bytes of neighbouring slots.
 * @param slots what each holds, key and content within their room; nothing for one that is empty
 */
export const encodeSlots = (slots: readonly (Slot | undefined)[]): Uint8Array => {
  const bytes = Buffer.alloc(slots.length * SLOT_SIZE);
  slots.forEach((slot, index) => slot && encodeSlot(slot, bytes.subarray(index * SLOT_SIZE, (index + 1) * SLOT_SIZE)));
  return bytes;
};

/** @param bytes the slot's own, all zeros */
const encodeSlot = ({ key, kept, put }: Slot, bytes: Buffer): void => {
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeBigUInt64BE(BigInt(put), 8);
  const nameLength = bytes.write(key, HEADER, 'utf8');
  bytes.writeUInt16BE(nameLength, 16);
  bytes.writeUInt16BE(kept.length, 18);
  bytes.set(kept, HEADER + nameLength);
  bytes.writeUInt32BE(crc32(bytes.subarray(CHECKED_FROM)), 4);
};

/** @param bytes one slot; shorter where the file breaks off */
export const decodeSlot = (bytes: Uint8Array): SlotContent => {
  if (bytes.every((byte) => byte === 0)) return { is: 'empty' };
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length !== SLOT_SIZE || view.readUInt32BE(0) !== MAGIC || view.readUInt32BE(4) !== crc32(view.subarray(CHECKED_FROM))) return { is: 'bad' };
  const keyEnd = HEADER + view.readUInt16BE(16);
  return { is: 'slot', put: Number(view.readBigUInt64BE(8)), key: view.toString('utf8', HEADER, keyEnd), kept: Uint8Array.from(view.subarray(keyEnd, keyEnd + view.readUInt16BE(18))) };
};
