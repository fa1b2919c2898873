/**
 * Counts what really reaches the disk: every fsync and fdatasync of this process. Import it before anything that binds
 * Node's file functions.
 */
import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { devNull } from 'node:os';

let counted = 0;
let listener;

const note = () => {
  counted += 1;
  listener?.();
};
const counting = (original) =>
  function synced(...args) {
    note();
    return original.apply(this, args);
  };

for (const name of ['fsync', 'fdatasync', 'fsyncSync', 'fdatasyncSync']) fs[name] = counting(fs[name]);
syncBuiltinESMExports();
const handle = await open(devNull, 'r');
const prototype = Object.getPrototypeOf(handle);
for (const name of ['sync', 'datasync']) prototype[name] = counting(prototype[name]);
await handle.close();

/** Syncs since the process began. */
export const syncsSoFar = () => counted;

/** @param {(() => void) | undefined} heard called in the same breath as each sync that begins */
export const onSync = (heard) => {
  listener = heard;
};
