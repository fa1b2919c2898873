import type { Json } from '../json.js';

/**
 * Work that may have to wait for an expression, and mostly does not: `yield*` stands where `await` would. A promise for each
 * call would cost more than most of these calls do.
 */
export type Steps<T> = Generator<Promise<Json>, T, Json>;

/** Runs them to their end; gives a promise only where one had to be waited for. */
export const finish = <T>(steps: Steps<T>): T | Promise<T> => {
  const { done, value } = steps.next();
  return done ? value : finishLater(steps, value);
};

const finishLater = async <T>(steps: Steps<T>, first: Promise<Json>): Promise<T> => {
  for (let waited = first; ; ) {
    const { done, value } = await waited.then(
      (result) => steps.next(result),
      (thrown: unknown) => steps.throw(thrown),
    );
    if (done) return value;
    waited = value;
  }
};
