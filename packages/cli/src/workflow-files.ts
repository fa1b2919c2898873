import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { unreadable } from './exit.js';

export interface WorkflowSource {
  readonly file: string;
  readonly text: string;
}

/** `workflows/counter-sale.asl.json` is the workflow `counter-sale`. */
export const workflowName = (file: string): string => basename(file).replace(/(\.asl)?\.json$/, '');

/**
 * Reads workflow files, and those beside them that they run as parts of themselves.
 * @throws UsageError for a file that can't be read
 */
export const readWorkflows = async (files: readonly string[]): Promise<{ [workflow: string]: WorkflowSource }> => {
  const sources: { [workflow: string]: WorkflowSource } = {};
  const wanted = [...files];
  for (let file = wanted.shift(); file !== undefined; file = wanted.shift()) {
    const name = workflowName(file);
    if (Object.hasOwn(sources, name)) continue;
    const text = await read(file, files.includes(file));
    if (text === undefined) continue;
    sources[name] = { file, text };
    const from = dirname(file);
    // The checker says what is wrong with them; here they are only found.
    for (const [, part] of text.matchAll(/"workflow"\s*:\s*"([^"\\]+)"/g)) if (part) wanted.push(join(from, `${part}.asl.json`));
  }
  return sources;
};

const read = async (file: string, named: boolean): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (!named) return undefined;
    throw unreadable(file, error);
  }
};
