import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { check } from './commands/check.js';
import { test } from './commands/test.js';
import { reportError } from './report.js';
import { readWorkflows } from './workflow-files.js';

const flow = (comment = ''): string => JSON.stringify({ QueryLanguage: 'JSONata', Comment: comment, StartAt: 'Done', States: { Done: { Type: 'Succeed' } } });

let folder: string;
let told: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tillwright-files-'));
  told = [];
  for (const way of ['log', 'error'] as const) vi.spyOn(console, way).mockImplementation((line: string) => void told.push(line));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const write = async (name: string, text: string | Uint8Array): Promise<string> => {
  const file = join(folder, name);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, text);
  return file;
};
const checked = (...files: string[]): Promise<unknown> => check(files, { json: false, strict: false, language: 'en' }).catch((error: unknown) => reportError(error, 'en'));

it('of two files that would be one workflow neither is told to be sound', async () => {
  const sound = await write('shop/sale.asl.json', flow());
  const faulty = await write('stall/sale.asl.json', '{ "StartAt"');
  expect(await checked(sound, faulty)).toBe(2);
  expect(told.splice(0)).toEqual([expect.stringContaining(`${sound} and ${faulty} would both be the workflow sale`)]);
  // One file by two names is one file.
  expect(await checked(sound, join(folder, 'stall/../shop/sale.asl.json'))).toBe(0);
});

it('a file in another encoding is refused, not read with its Chinese texts broken', async () => {
  const [before = '', after = ''] = flow('#').split('#');
  const gb18030 = await write('sale.asl.json', Buffer.concat([Buffer.from(before), Uint8Array.of(0xca, 0xd5, 0xbf, 0xee), Buffer.from(after)]));
  expect(await checked(gb18030)).toBe(2);
  expect(told.splice(0)).toEqual([expect.stringContaining('is not UTF-8')]);
  const utf16 = await write('other.asl.json', Buffer.from(`\ufeff${flow('收款')}`, 'utf16le'));
  expect(await checked(utf16)).toBe(2);
  expect(told.splice(0)).toEqual([expect.stringContaining('is not UTF-8')]);
});

it('scenarios of a file with a byte order mark are played', async () => {
  const file = await write('sale.asl.json', `\ufeff${flow('收款')}`);
  expect((await readWorkflows([file]))['sale']?.text).toBe(flow('收款'));
  const scenarios = await write('sale.scenarios.yaml', '\ufeffscenarios:\n  - name: it ends\n    expect: { result: succeeded }\n');
  const exit = await test([scenarios], { update: false, json: false, language: 'en' }).catch((error: unknown) => reportError(error, 'en'));
  expect([exit, ...told]).toEqual([0, expect.stringContaining('it ends'), expect.stringContaining('1/1'), '1/1']);
});
