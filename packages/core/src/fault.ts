/** What was thrown, by whomever: it need not be an error. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Its kind alone, where its message may hold anything, card data too. */
export const kindOf = (error: unknown): string => (error instanceof Error ? error.name : 'error');

/** A fault of somebody who is only told: it surfaces as an uncaught error, and who told goes on. */
export const surface = (error: unknown): void =>
  queueMicrotask(() => {
    throw error;
  });
