/** A real process that is killed while it writes: what it was told is on disk is there, once, and its lock is gone with it. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { collect, countsOf, upTo } from './test-events.js';
import { readLog, verifyLog } from './verify.js';

const KILLS = 20;
const source = fileURLToPath(new URL('..', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'tillwright-kill-'));
const dir = join(root, 'data');
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Appends counts from where the log ended, three tills at once, and says which are durable. */
const WRITER = `
import { writeSync } from 'node:fs';
import { fileLog } from './log/file-log.js';
const log = fileLog(process.argv[2], { segmentBytes: 20000, lazyFlushMs: 2 });
let next = 0;
await log.open({ fold: ({ event }) => { if (event.type === 'terminalCounted') next = event.to; } });
const till = async () => {
  for (;;) {
    const first = next + 1;
    next += 1 + (next % 3);
    const events = [];
    for (let to = first; to <= next; to += 1) events.push({ stream: 't/T1', event: { type: 'terminalCounted', counter: 'trace', to } });
    const last = next;
    await log.durable(log.append(events, Date.now()).at(-1).seq);
    writeSync(1, last + '\\n');
  }
};
await Promise.all([till(), till(), till()]);
`;

beforeAll(() => {
  // Plain JavaScript of the log and what it imports, so that the child needs nothing but Node.
  const files = readdirSync(join(source, 'log')).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.endsWith('.d.ts'));
  for (const path of [...files.map((name) => join('log', name)), 'errors.ts', 'fault.ts', 'json.ts', 'next-turn.ts']) {
    const target = join(root, relative('.', path)).replace(/\.ts$/, '.js');
    mkdirSync(dirname(target), { recursive: true });
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    writeFileSync(target, ts.transpileModule(readFileSync(join(source, path), 'utf8'), { compilerOptions }).outputText);
  }
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'writer.js'), WRITER);
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(root, 'node_modules'));
});

/** Runs a writer until it has acknowledged so many times, kills it, and gives the last count that it said was durable. */
const runAndKill = (acknowledgements: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'writer.js'), dir], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let complaints = '';
    child.stderr.on('data', (text) => (complaints += text));
    child.stdout.on('data', (text) => {
      said += text;
      if (said.split('\n').length > acknowledgements) child.kill('SIGKILL');
    });
    child.on('close', (_, signal) => {
      if (signal === 'SIGKILL') resolve(Math.max(0, ...said.split('\n').slice(0, -1).map(Number)));
      else reject(new Error(`the writer ended by itself: ${complaints}`));
    });
  });

it(`loses and doubles nothing over ${KILLS} kills`, async () => {
  let seed = 20_260_101;
  for (let kill = 0; kill < KILLS; kill += 1) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const acknowledged = await runAndKill(1 + (seed >>> 8) % 60);
    expect(acknowledged).toBeGreaterThan(0);
    expect(await verifyLog(dir)).toMatchObject({ ok: true });
    const counts = countsOf(await collect(readLog(dir)));
    expect(counts).toEqual(upTo(counts.length));
    expect(counts.length).toBeGreaterThanOrEqual(acknowledged);
  }
  expect(await verifyLog(dir)).toMatchObject({ segments: expect.any(Number) });
}, 60_000);
