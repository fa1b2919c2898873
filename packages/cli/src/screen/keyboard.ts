/** The library's questions, which hear, too, that nobody answers any more. */
import * as library from '@inquirer/prompts';

/**
 * Ctrl-D on an empty line, or a terminal that is gone, closes the library's reader, and the question would stand there deaf for ever:
 * it ends as by Ctrl-C.
 */
const heard = async <T>(signal: AbortSignal, ask: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const { stdin } = process;
  const gone = new AbortController();
  let over = false;
  // A question that is answered closes its reader as well, just before it tells the answer.
  const paused = (): void => void setImmediate(() => over || gone.abort());
  stdin.on('pause', paused);
  try {
    if (stdin.readableEnded || stdin.destroyed) gone.abort();
    return await ask(AbortSignal.any([signal, gone.signal]));
  } catch (error) {
    if (!gone.signal.aborted || signal.aborted) throw error;
    throw Object.assign(new Error('nobody answers any more', { cause: error }), { name: 'ExitPromptError' });
  } finally {
    over = true;
    stdin.off('pause', paused);
  }
};

interface Context {
  readonly signal: AbortSignal;
}

export const select = <T>(config: Parameters<typeof library.select<T>>[0], { signal }: Context): Promise<T> => heard(signal, (either) => library.select<T>(config, { signal: either }));
export const input = (config: Parameters<typeof library.input>[0], { signal }: Context): Promise<string> => heard(signal, (either) => library.input(config, { signal: either }));
export const password = (config: Parameters<typeof library.password>[0], { signal }: Context): Promise<string> => heard(signal, (either) => library.password(config, { signal: either }));
