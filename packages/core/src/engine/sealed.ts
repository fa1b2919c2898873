/** The sealed store as the engine uses it, whoever made it: what it can't do has a code. */
import { coded, type TillwrightError } from '../errors.js';
import type { SealedStore } from './ports.js';

/**
 * A put that fails is told to whoever asked, who has sent nothing yet. Without what it can't read or erase any more the engine
 * neither reverses nor lets a card complete, so it stops as it does for its log, and goes on when it is opened again.
 * @param stop called with the error before whoever asked hears it: no Task ends by it
 * @returns one that throws SEALED_FAILED from `put`, SEALED_UNREADABLE from the others
 */
export const codedSealed = (store: SealedStore, stop: (error: TillwrightError) => void): SealedStore => {
  const asked = async <T>(call: () => Promise<T>, fits: (given: unknown) => boolean): Promise<T> => {
    try {
      const given = await call();
      if (!fits(given)) throw new TypeError('it gave what was not asked for');
      return given;
    } catch (thrown) {
      const error = coded(thrown, 'SEALED_UNREADABLE');
      stop(error);
      throw error;
    }
  };
  return {
    put: async (key, sealed) => {
      try {
        await store.put(key, sealed);
      } catch (error) {
        throw coded(error, 'SEALED_FAILED');
      }
    },
    get: (key) => asked(async () => store.get(key), (given) => given === undefined || given instanceof Uint8Array),
    forget: (key) => asked(async () => store.forget(key), () => true),
    keys: () => asked(async () => store.keys(), (given) => Array.isArray(given) && given.every((key) => typeof key === 'string')),
    close: async () => store.close?.(),
  };
};
