import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStorage } from '@tillwright/core/node';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { casesList } from './cases.js';
import { logShow, logVerify } from './log.js';

let data: string;
let out: string[];
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'tillwright-log-'));
  out = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void out.push(line));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(data, { recursive: true, force: true });
});

const keep = async (dir: string, reason: string): Promise<void> => {
  const { log } = fileStorage(dir);
  await log.open();
  log.append([{ stream: 'x/1', event: { type: 'cancelRequested', by: 'merchant', reason } }], 0);
  await log.close();
};

it('names a data directory or the log itself; of a directory without a log nobody hears that it is sound, or that nothing is open', async () => {
  await mkdir(join(data, 'elsewhere', 'log'), { recursive: true });
  for (const wrong of [data, join(data, 'elsewhere'), join(data, 'nowhere')]) {
    const options = { data: wrong, json: false, language: 'en' } as const;
    for (const command of [logVerify, logShow, casesList]) await expect(command(options)).rejects.toMatchObject({ name: 'UsageError' });
  }
  await keep(join(data, 'log'), 'wrong amount');
  for (const right of [data, join(data, 'log')]) expect(await logVerify({ data: right, json: false, language: 'en' })).toBe(0);
  expect(out).toEqual(Array(2).fill(expect.stringContaining('The log is sound: 1 records')));
});

it('shows what others wrote as text: it moves no cursor and begins no line', async () => {
  await keep(data, '\u001b[2J\u009b31m\u202Edesrever\nnext');
  expect(await logShow({ data, json: false })).toBe(0);
  expect(out).toHaveLength(1);
  // oxlint-disable-next-line no-control-regex
  expect(out[0]).not.toMatch(/[\u0000-\u001f\u0080-\u009f\u202e]/);
  expect(out[0]).toMatch(/^ {5}1 1970-01-01T00:00:00.000Z x\/1 cancelRequested .*desrever\\nnext"\}$/);
});
