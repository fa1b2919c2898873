/**
 * Counts what really reaches the disk: every fsync and fdatasync of this process, and every write to a file that was opened so
 * that the kernel syncs each one. Import it before anything that binds Node's file functions.
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

/** Descriptors whose writes are syncs. */
const eachSynced = new Set();
const { open: openFile, write, close } = fs;
fs.open = function opened(path, flags, ...rest) {
  const done = rest.pop();
  openFile(path, flags, ...rest, (error, fd) => {
    if (error === null && typeof flags === 'number' && fs.constants.O_DSYNC && flags & fs.constants.O_DSYNC) eachSynced.add(fd);
    done(error, fd);
  });
};
fs.write = function written(fd, ...rest) {
  if (eachSynced.has(fd)) note();
  write(fd, ...rest);
};
fs.close = function closed(fd, ...rest) {
  eachSynced.delete(fd);
  close(fd, ...rest);
};
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
