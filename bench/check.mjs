/**
 * How long `tillwright check` takes: on the flows that ship beyond the start of the process, and on a workflow of 2,000 states.
 * Needs the packages built. Every command is a process of its own; medians and the fastest of the runs.
 *
 *     node bench/check.mjs [--runs 9] [--json]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './measure.mjs';

const { values: options } = parseArgs({ options: { runs: { type: 'string', default: '9' }, json: { type: 'boolean' } } });
const runs = Number(options.runs);
const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'packages/cli/bin/tillwright.js');
const dir = mkdtempSync(join(tmpdir(), 'tillwright-check-'));

/** Every name of a state and of a variable gets a number behind it. */
const numbered = (value, copy, field = '') => {
  if (typeof value === 'string') return field === 'Next' || field === 'Default' ? value + copy : value.replace(/\$(?!states\b|parse\b|exists\b|string\b|formatNumber\b|not\b)([a-z]\w*)/g, `$$$1${copy}`);
  if (Array.isArray(value)) return value.map((item) => numbered(item, copy, field));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [field === 'Assign' || field === 'States' ? key + copy : key, numbered(member, copy, field === 'States' ? '' : key)]));
};

/** Copies of the counter sale behind one another: circles, catches and expressions as real flows have them. */
const large = (count) => {
  const { States } = JSON.parse(readFileSync(join(root, 'workflows/counter-sale.asl.json'), 'utf8'));
  const states = {};
  for (let copy = 0; Object.keys(states).length + Object.keys(States).length <= count; copy += 1) {
    Object.assign(states, numbered({ States }, copy).States);
    if (copy > 0) Object.assign(states[`Done${copy - 1}`], { Type: 'Pass', Next: `Prepare${copy}` });
  }
  return { text: JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'Prepare0', States: states }, undefined, 2), states: Object.keys(states).length };
};

const timed = (args, status) => {
  const times = [];
  for (let run = 0; run < runs; run += 1) {
    const begun = performance.now();
    const done = spawnSync(process.execPath, [bin, ...args], { cwd: root, encoding: 'utf8' });
    times.push(performance.now() - begun);
    if (done.status !== status) throw new Error(`tillwright ${args.join(' ')} ended with ${done.status}: ${done.stderr.slice(0, 2000)}`);
  }
  return { medianMs: Math.round(median(times)), fastestMs: Math.round(Math.min(...times)) };
};

try {
  const { text, states } = large(2000);
  const file = join(dir, 'large.asl.json');
  writeFileSync(file, text);
  const start = timed(['--version'], 0);
  const rows = [
    ['process start (--version)', start],
    ['check counter-sale', timed(['check', 'workflows/counter-sale.asl.json'], 0)],
    ['check quick-sale with its parts', timed(['check', 'workflows/quick-sale.asl.json'], 0)],
    [`check ${states} states, ${Math.round(text.length / 1024)} KiB`, timed(['check', file], 0)],
  ].map(([what, { medianMs, fastestMs }]) => ({ what, medianMs, fastestMs, beyondStartMs: medianMs - start.medianMs, fastestBeyondStartMs: fastestMs - start.fastestMs }));
  if (options.json) console.log(JSON.stringify({ node: process.version, runs, rows }));
  else console.table(rows);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
