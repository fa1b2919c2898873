/** Says of every sync what forced it: which append somebody waited for, or which step of the sealed store. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { onSync } from './syncs.mjs';

const LAZY = 'log, nobody waits: written after 100 ms at most';

/**
 * @param {{ log: object, sealed: object, hash: unknown }} storage as fileStorage gives it
 * @returns the same storage with its calls watched; `during` gives the count by name while some work runs alone
 */
export const nameSyncs = (storage) => {
  const { log, sealed } = storage;
  const within = new AsyncLocalStorage();
  /** seq of an append's last record -> what it appended; only while somebody counts. */
  const appended = new Map();
  let waiting = [];
  /** What the last sync takes along, whoever asks for it while it runs. */
  let takenTo = 0;
  let counts;

  /** Tracking asynchronous contexts slows every promise down, so it is on only while somebody counts. */
  const named = (name, work) => (counts ? within.run(name, work) : work());

  const watchedLog = {
    get head() {
      return log.head;
    },
    get durableTo() {
      return log.durableTo;
    },
    open: (options) => log.open(options),
    append: (inputs, at) => {
      const records = log.append(inputs, at);
      if (counts) appended.set(log.head, inputs.map(({ event }) => event.type).join(' + '));
      return records;
    },
    durable: (seq) => {
      if (counts && seq > Math.max(log.durableTo, takenTo)) waiting.push({ seq, name: `log, waited for: ${appended.get(seq) ?? 'an earlier append'}` });
      return log.durable(seq);
    },
    onDurable: (listener) => log.onDurable(listener),
    onFailure: (listener) => log.onFailure(listener),
    read: (stream) => log.read(stream),
    find: (by, value) => log.find(by, value),
    checkpoint: (state) => named('checkpoint and index, at a segment’s end', () => log.checkpoint(state)),
    onCheckpointDue: (listener) => log.onCheckpointDue(listener),
    close: () => log.close(),
  };
  const watchedSealed = {
    put: (key, bytes) => named('sealed store: put', () => sealed.put(key, bytes)),
    get: (key) => sealed.get(key),
    forget: (key) => named('sealed store: erasure (nobody waits, and a put that follows carries it along)', () => sealed.forget(key)),
    keys: () => sealed.keys(),
    close: () => sealed.close?.(),
  };

  const heard = () => {
    let name = within.getStore();
    if (name === undefined) {
      name = waiting.length > 0 ? waiting.map((each) => each.name).join(' / ') : LAZY;
      waiting = [];
      takenTo = log.head;
    }
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };

  return {
    storage: { log: watchedLog, sealed: watchedSealed, hash: storage.hash },
    /** Name -> syncs, while `work` runs with nothing beside it. */
    during: async (work) => {
      counts = new Map();
      onSync(heard);
      try {
        await work();
        return new Map(counts);
      } finally {
        onSync(undefined);
        within.disable();
        counts = undefined;
        appended.clear();
      }
    },
  };
};
