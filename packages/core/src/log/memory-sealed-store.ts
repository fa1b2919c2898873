import type { SealedStore } from '../engine/ports.js';
import { checkRoom } from './sealed-room.js';

/** A sealed store that dies with the process, for tests and simulation. Like a file, it keeps and gives copies, and no more than a page for each key. */
export const memorySealedStore = (): SealedStore => {
  const held = new Map<string, Uint8Array>();
  return {
    put: async (key, sealed) => {
      checkRoom(key, sealed);
      held.set(key, new Uint8Array(sealed));
    },
    get: async (key) => held.get(key)?.slice(),
    forget: async (key) => {
      held.get(key)?.fill(0);
      held.delete(key);
    },
    keys: async () => [...held.keys()].sort(),
  };
};
