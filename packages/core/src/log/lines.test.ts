import { describe, expect, it } from 'vitest';
import { Lines } from './lines.js';

const END = ',"crc":"00000000"}';
const add = (lines: Lines, ...pieces: string[]): void => void lines.add(pieces, END.length, () => END);
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe('lines that are not on disk yet', () => {
  it('are left alone while they are written, whatever is added meanwhile, and are among what is not on disk until they are there', () => {
    const lines = new Lines();
    for (let round = 1; round <= 4; round += 1) {
      add(lines, `taken ${round}`);
      const taken = lines.take();
      add(lines, `meanwhile ${round}`);
      expect(textOf(taken)).toBe(`taken ${round}${END}\n`);
      expect(textOf(lines.copy())).toBe(`taken ${round}${END}\nmeanwhile ${round}${END}\n`);
      lines.settled();
      expect(textOf(lines.copy())).toBe(`meanwhile ${round}${END}\n`);
      const rest = lines.take();
      add(lines, 'x');
      expect(textOf(rest)).toBe(`meanwhile ${round}${END}\n`);
      lines.settled();
      expect(textOf(lines.take())).toBe(`x${END}\n`);
      lines.settled();
      expect(lines.copy()).toHaveLength(0);
    }
  });

  it('are left alone after a burst as well, whose memory is not kept', () => {
    const lines = new Lines();
    add(lines, 'first');
    lines.take();
    lines.settled();
    add(lines, 'x'.repeat(2 * 1024 * 1024));
    lines.take();
    add(lines, 'third');
    lines.settled();
    const taken = lines.take();
    add(lines, 'fourth');
    expect(textOf(taken)).toBe(`third${END}\n`);
    expect(textOf(lines.copy())).toBe(`third${END}\nfourth${END}\n`);
  });

  it.each(['é', '付', '😀'])('are whole, however many bytes a character takes (%s)', (character) => {
    const lines = new Lines();
    add(lines, character.repeat(20_000));
    expect(textOf(lines.take()) === `${character.repeat(20_000)}${END}\n`).toBe(true);
  });

  it.each(['a', 'é', '付'])('are whole, however much room is left (%s)', (character) => {
    const bytes = Buffer.byteLength(character);
    for (let left = 0; left < 60; left += 1) {
      const lines = new Lines();
      const pieces = Array.from({ length: Math.floor((16 * 1024 - left) / bytes) }, () => character);
      add(lines, ...pieces);
      expect(textOf(lines.take()) === `${pieces.join('')}${END}\n`).toBe(true);
    }
  });
});
