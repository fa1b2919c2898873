/** Whoever reads along goes away, as `| head` does: no stack, and a payment goes on. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
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
const unheard = (...args: string[]): Promise<{ readonly code: number | null; readonly told: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let told = '';
    child.stderr.on('data', (data: Buffer) => (told += data.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, told }));
  });

it.each([['--help'], ['explain', 'Payment.Declined'], ['check', 'workflows/counter-sale.asl.json'], ['graph', 'workflows/counter-sale.asl.json']])('%s ends without a word', async (...args) => {
  expect(await unheard(...args)).toEqual({ code: 141, told: '' });
});

it('sales go on to their end, and stand on the log', async () => {
  const data = join(dir, 'data');
  expect(await unheard('run', 'workflows/counter-sale.asl.json', '--script', 'workflows/scripts/three-customers.json', '--data', data, '--lang', 'en')).toMatchObject({ code: 0, told: '' });
  expect(await verifyLog(join(data, 'log'))).toMatchObject({ ok: true });
  const { stdout } = await node(process.execPath, [bin, 'log', 'show', '--json', '--data', data]);
  const ended = stdout.split('\n').filter((line) => line.includes('"type":"executionEnded"'));
  expect(ended).toHaveLength(3);
  for (const line of ended) expect(line).toContain('"status":"succeeded"');
});
