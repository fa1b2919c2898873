import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Queue } from './queue.js';

it('gives what an array gives', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(), fc.constant('take'))), (steps) => {
      const queue = new Queue<number>();
      const array: number[] = [];
      for (const step of steps) {
        if (typeof step === 'number') {
          queue.push(step);
          array.push(step);
        } else expect(queue.shift()).toBe(array.shift());
        expect(queue.first).toBe(array[0]);
      }
    }),
  );
});
