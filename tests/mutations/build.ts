/** The simulation as one file, with the safety code changed on the way; what judges its runs is built apart and never changed. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';

const CORE = fileURLToPath(new URL('../../packages/core/', import.meta.url));
const SIMULATION = join(CORE, 'src/simulation');

export interface Edit {
  /** Below `packages/core/src`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly put: string;
}

/** @throws where the text to find does not stand exactly once in its file: the mutation no longer fits the code */
const edited = (code: string, { file, find, put }: Edit): string => {
  const [before, after, ...more] = code.split(find);
  if (before === undefined || after === undefined || more.length > 0) throw new Error(`${file} has ${code.split(find).length - 1} times, not once: ${find}`);
  return before + put + after;
};

const bundle = async (entry: string, plugins: readonly Plugin[]): Promise<string> => {
  const built = await build({
    root: CORE,
    configFile: false,
    logLevel: 'error',
    plugins: [...plugins],
    build: { ssr: entry, write: false, minify: false, target: 'node20' },
  });
  const output = Array.isArray(built) ? built[0]?.output : 'output' in built ? built.output : undefined;
  const chunk = output?.[0];
  if (chunk?.type !== 'chunk' || output?.length !== 1) throw new Error(`${entry} did not become one file`);
  return chunk.code;
};

/** What holds log, ledgers and what was told against one another. @returns where it was written */
export const buildJudge = async (dir: string): Promise<string> => {
  const path = join(dir, 'judge.mjs');
  await writeFile(path, await bundle(join(SIMULATION, 'checkers.ts'), []));
  return path;
};

/** @returns where the changed simulation was written */
export const buildMutant = async (dir: string, name: string, edits: readonly Edit[], judge: string): Promise<string> => {
  const left = new Set(edits);
  const plugin: Plugin = {
    name: 'mutation',
    enforce: 'pre',
    resolveId: (source) => (source.endsWith('/checkers.js') ? { id: judge, external: 'absolute' } : undefined),
    load: async (id) => {
      const mine = edits.filter(({ file }) => id === join(CORE, 'src', file));
      if (mine.length === 0) return undefined;
      for (const edit of mine) left.delete(edit);
      return mine.reduce(edited, await readFile(id, 'utf8'));
    },
  };
  const code = await bundle(fileURLToPath(new URL('entry.ts', import.meta.url)), [plugin]);
  const [unused] = left;
  if (unused) throw new Error(`the simulation does not load ${unused.file}`);
  const path = join(dir, `${name}.mjs`);
  await writeFile(path, code);
  return path;
};
