/** What a payment could be kept with instead, on the same disk in the same run. */
import { closeSync, fdatasync, fdatasyncSync, openSync, write, writeSync } from 'node:fs';
import { open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Low } from 'lowdb';
import { JSONFile } from 'lowdb/node';
import { createActor, setup } from 'xstate';
import { inLanes, rate } from './measure.mjs';

/** Append and fdatasync, one by one, with nothing around them: the floor under every durable write. */
export const rawAppends = async (dir, bytes, count) => {
  const fd = openSync(join(dir, 'raw'), 'a');
  const record = Buffer.alloc(bytes, '.');
  record[bytes - 1] = 0x0a;
  try {
    return await rate(count, async () => {
      for (let done = 0; done < count; done += 1) {
        writeSync(fd, record);
        fdatasyncSync(fd);
      }
    });
  } finally {
    closeSync(fd);
  }
};

/** lowdb's own file adapter: every write is the whole file anew, and none is synced. Writes per second with so many events in the file. */
export const lowdbOwnAdapter = async (dir, events, count, event) => {
  const db = new Low(new JSONFile(join(dir, `lowdb-${events}.json`)), { events: Array.from({ length: events }, () => event) });
  await db.write();
  return rate(count, async () => {
    for (let done = 0; done < count; done += 1) {
      db.data.events[done % events] = { ...event };
      await db.write();
    }
  });
};

const STEPS = 8;
const machine = setup({ actions: {} }).createMachine({
  id: 'sale',
  initial: 'step0',
  context: { amountMinor: 1250, method: 'card', reference: '', receipt: '.'.repeat(200) },
  states: Object.fromEntries([
    ...Array.from({ length: STEPS }, (_, index) => [`step${index}`, { on: { next: `step${index + 1}` } }]),
    [`step${STEPS}`, { type: 'final' }],
  ]),
});
const writeAt = promisify(write);
const datasync = promisify(fdatasync);

/** A snapshot in one file, overwritten in place and synced (`fdatasync`) without opening it again: a write that the power failed in leaves neither the old one nor the new. */
export const overwritten = async (dir, name) => {
  const file = await open(join(dir, name), 'w');
  return {
    keep: async (snapshot) => {
      await writeAt(file.fd, snapshot, 0, snapshot.length, 0);
      await datasync(file.fd);
    },
    close: () => file.close(),
  };
};

/** As one writes it in Node: the file is cut to nothing, written and synced (`fsync`) by one call. A torn write loses it, too. */
export const rewritten = async (dir, name) => {
  const path = join(dir, `rewritten-${name}`);
  return { keep: (snapshot) => writeFile(path, snapshot, { flush: true }), close: async () => {} };
};

/** The same so that the old one or the new one is there whenever the power fails: a file beside it, synced, renamed, the directory synced. */
export const replaced = async (dir, name) => {
  const path = join(dir, `replaced-${name}`);
  const folder = await open(dir, 'r');
  return {
    keep: async (snapshot) => {
      const file = await open(`${path}.new`, 'w');
      await file.write(snapshot);
      await file.datasync();
      await file.close();
      await rename(`${path}.new`, path);
      await folder.sync();
    },
    close: () => folder.close(),
  };
};

/** xstate 5: eight transitions, after each the snapshot is kept; executions per second. */
export const xstateSnapshots = async (dir, { atOnce, keep }, count) => {
  const places = await Promise.all(Array.from({ length: atOnce }, (_, index) => keep(dir, `xstate-${atOnce}-${index}`)));
  const execute = async (lane) => {
    const actor = createActor(machine).start();
    for (let step = 0; step < STEPS; step += 1) {
      actor.send({ type: 'next' });
      await places[lane].keep(Buffer.from(JSON.stringify(actor.getPersistedSnapshot())));
    }
    actor.stop();
  };
  try {
    return await rate(count, () => inLanes(count, atOnce, execute));
  } finally {
    await Promise.all(places.map((place) => place.close()));
  }
};
