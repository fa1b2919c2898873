/** A command whose reader goes away, as `| head` does, or whose data stand wrong: a line with what to do, no stack, and no payment lost. */
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { verifyLog } from '@tillwright/core/node';
import { afterEach, beforeEach, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'packages/cli/bin/tillwright.js');
const node = promisify(execFile);
let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tillwright-pipe-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Runs a command whose output nobody reads. */
const unheard = (...args: string[]): Promise<{ readonly code: number | null; readonly told: string }> => tillwright(args, false);

const tillwright = (args: readonly string[], reads = true): Promise<{ readonly code: number | null; readonly told: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    if (reads) child.stdout.resume();
    else child.stdout.destroy();
    let told = '';
    child.stderr.on('data', (data: Buffer) => (told += data.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, told }));
  });

const sales = (data: string): string[] => ['run', 'workflows/counter-sale.asl.json', '--script', 'workflows/scripts/three-customers.json', '--data', data, '--lang', 'en'];

it.each([['--help'], ['explain', 'Payment.Declined'], ['check', 'workflows/counter-sale.asl.json'], ['graph', 'workflows/counter-sale.asl.json']])('%s ends without a word', async (...args) => {
  expect(await unheard(...args)).toEqual({ code: 141, told: '' });
});

it('sales go on to their end, and stand on the log', async () => {
  const data = join(dir, 'data');
  expect(await unheard(...sales(data))).toMatchObject({ code: 0, told: '' });
  expect(await verifyLog(join(data, 'log'))).toMatchObject({ ok: true });
  const { stdout } = await node(process.execPath, [bin, 'log', 'show', '--json', '--data', data]);
  const ended = stdout.split('\n').filter((line) => line.includes('"type":"executionEnded"'));
  expect(ended).toHaveLength(3);
  for (const line of ended) expect(line).toContain('"status":"succeeded"');
});

const asDirectory = async (file: string): Promise<void> => {
  await rename(file, `${file}.was`);
  await mkdir(file);
};

it('data that stand wrong are told in two lines, and are as they were once they are put right', { timeout: 60_000 }, async () => {
  const data = join(dir, 'data');
  await writeFile(data, 'no directory');
  expect(await tillwright(sales(data))).toEqual({ code: 2, told: expect.stringMatching(/^tillwright: E\w+: .*\n {2}Look at the path.*\n$/) as unknown });
  await rm(data);
  expect(await tillwright(sales(data))).toMatchObject({ code: 0 });
  for (const [file, code] of [['log/sealed/slots', 'SEALED_UNREADABLE'], ['log/00000001.jsonl', 'LOG_FAILED']] as const) {
    const path = join(data, file);
    await asDirectory(path);
    expect(await tillwright(sales(data))).toEqual({ code: 3, told: expect.stringMatching(new RegExp(`^${code}: .*\\n {2}.*\\n$`)) as unknown });
    await rm(path, { recursive: true });
    await rename(`${path}.was`, path);
  }
  expect(await verifyLog(join(data, 'log'))).toMatchObject({ ok: true });
  expect(await tillwright(['cases', 'list', '--data', data])).toMatchObject({ code: 0, told: '' });
});

it.each([
  [['demo', 'nope.json', '--script', 'workflows/scripts/three-customers.json'], "can't read nope.json"],
  [['demo', 'workflows/counter-sale.asl.json', '--script', 'nope.json'], "can't read nope.json"],
  [['demo', 'workflows/scripts/three-customers.json', '--script', 'workflows/scripts/three-customers.json'], 'WORKFLOW_FIELD_MISSING'],
  [['simulate', '--runs', '0'], 'It must be at least 1.'],
  [['log', 'verify', '--anchor-seq', '0', '--anchor-head', 'a'.repeat(64)], 'It must be at least 1.'],
  [['log', 'verify', '--anchor-seq', '1', '--anchor-head', 'a'.repeat(63)], 'It must have 64 hex digits.'],
  [['simulate', '--runs', '1', '--workflow', 'nope'], 'there are: wallet, card'],
] as const)('%j is wrong use: %s', async (args, why) => {
  const { code, told } = await tillwright(args);
  expect(code).toBe(2);
  expect(told).toContain(why);
  expect(told).not.toMatch(/^ +at /m);
});
