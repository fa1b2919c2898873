import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError, unreadable } from './exit.js';

export interface WorkflowSource {
  readonly file: string;
  readonly text: string;
}

/** `workflows/counter-sale.asl.json` is the workflow `counter-sale`. */
export const workflowName = (file: string): string => basename(file).replace(/(\.asl)?\.json$/, '');

/**
 * Reads workflow files, and those beside them that they run as parts of themselves.
 * @throws UsageError for a file that can't be read, or is not UTF-8, and for two files that would be one workflow
 */
export const readWorkflows = async (files: readonly string[]): Promise<{ [workflow: string]: WorkflowSource }> => {
  eachOfItsOwnName(files);
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

/** Of two only one would be read, and nothing said of the other. */
const eachOfItsOwnName = (files: readonly string[]): void => {
  const known = new Map<string, string>();
  for (const file of files) {
    const name = workflowName(file);
    const other = known.get(name) ?? file;
    if (resolve(other) !== resolve(file)) throw new UsageError(`${other} and ${file} would both be the workflow ${name}: name them in calls of their own / 两个文件的流程同名，请分开执行`);
    known.set(name, file);
  }
};

const read = async (file: string, named: boolean): Promise<string | undefined> => {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if (!named) return undefined;
    throw unreadable(file, error);
  }
  try {
    // A byte order mark is left off; what is no UTF-8 would stand on the customer's screen as replacement characters.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UsageError(`${file} is not UTF-8: save it as UTF-8 / 文件不是 UTF-8 编码，请另存为 UTF-8`, { cause: error });
  }
};
