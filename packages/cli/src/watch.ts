/** Workflows that change while the till is open. */
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { checkWorkflows, type Diagnostic, type Till } from '@tillwright/core';
import { watch } from 'chokidar';
import { readWorkflows, type WorkflowSource } from './workflow-files.js';

type Sources = { readonly [workflow: string]: WorkflowSource };

export type Change =
  /** The next transaction runs on it; `diagnostics` are warnings. */
  | { readonly is: 'taken'; readonly workflows: readonly string[]; readonly diagnostics: readonly Diagnostic[]; readonly sources: Sources }
  /** The till goes on with the version that it has. */
  | { readonly is: 'refused'; readonly diagnostics: readonly Diagnostic[]; readonly sources: Sources }
  | { readonly is: 'unreadable'; readonly error: unknown }
  /** The system watches no more files for us: the till goes on, and sees no change any more. */
  | { readonly is: 'unwatched'; readonly error: unknown };

// A file that an editor is still writing is no file to report on.
const SETTLED = { stabilityThreshold: 80, pollInterval: 20 };

type Read = { readonly sources: Sources } | { readonly error: unknown };

const readOnce = async (file: string): Promise<Read> => {
  try {
    return { sources: await readWorkflows([file]) };
  } catch (error) {
    return { error };
  }
};

/**
 * As it stands when nobody writes: the change of one file makes us read the others, too, and one of those may be half written.
 * @returns what was read twice with a pause between
 */
export const settled = async (read: () => Promise<Read>, pause: () => Promise<void>): Promise<Read> => {
  const textOf = (each: Read): string => ('error' in each ? '' : JSON.stringify(each.sources));
  for (let before = await read(); ; ) {
    await pause();
    const now = await read();
    if (textOf(now) === textOf(before)) return now;
    before = now;
  }
};

/**
 * Watches a workflow and what it runs, in the folder where they stand: a part that is added there is found, too.
 * What changed is checked as a whole and taken as a whole, or not at all.
 * @param options.known what the till was opened with
 * @returns once every later change is seen
 */
export const watchWorkflows = async (file: string, options: { readonly till: Till; readonly known: Sources; readonly told: (change: Change) => void }): Promise<{ close(): Promise<void> }> => {
  const { till, told } = options;
  let seen = options.known;
  let served = options.known;
  const look = async (): Promise<void> => {
    const read = await settled(() => readOnce(file), () => delay(SETTLED.stabilityThreshold));
    if ('error' in read) return told({ is: 'unreadable', error: read.error });
    const { sources } = read;
    const since = (before: Sources): string[] => Object.keys(sources).filter((name) => sources[name]?.text !== before[name]?.text);
    const changed = since(seen);
    if (changed.length === 0) return;
    seen = sources;
    const { diagnostics } = checkWorkflows(sources, till.catalogue);
    if (diagnostics.some(({ severity }) => severity === 'error')) return told({ is: 'refused', diagnostics, sources });
    till.replace(sources);
    // What was refused before and is taken now counts; a fault that was taken back leaves nothing else to name.
    const taken = since(served);
    served = sources;
    told({ is: 'taken', workflows: taken.length > 0 ? taken : changed, diagnostics, sources });
  };
  // One look at a time, in the order of the changes: the last one sees what is there in the end.
  let looking = Promise.resolve();
  const watcher = watch(dirname(file), { depth: 0, ignoreInitial: true, awaitWriteFinish: SETTLED });
  watcher.on('all', (_event, path) => {
    if (!path.endsWith('.json')) return;
    looking = looking.then(look).catch((error: unknown) => told({ is: 'unreadable', error }));
  });
  // Unheard, an error would end the process, in the middle of a sale.
  let unwatched = false;
  watcher.on('error', (error) => {
    if (!unwatched) told({ is: 'unwatched', error });
    unwatched = true;
  });
  await new Promise<void>((resolve) => {
    watcher.once('ready', resolve);
    watcher.once('error', () => resolve());
  });
  // What was saved between reading the files and watching them is not missed.
  await (looking = looking.then(look));
  return {
    close: async () => {
      await watcher.close();
      await looking;
    },
  };
};
