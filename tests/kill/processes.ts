/** Hosts and tills as processes of their own, which a test may kill at any moment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { EventRecord, ExecutionResult } from '@tillwright/core';
import type { Endpoints, Fault, HostName } from '@tillwright/host-sim';

const BIN = fileURLToPath(new URL('../../packages/cli/bin/tillwright.js', import.meta.url));
const WARM = fileURLToPath(new URL('warm.mjs', import.meta.url));
/** A till that has said nothing for so long hangs. */
const SILENT_MS = 60_000;

/** `tillwright hosts` on a directory: killed and started again, it goes on with its ledgers and keys. */
export class HostsProcess {
  readonly #dir: string;
  readonly #file: string;
  #child: ChildProcess | undefined;
  endpoints: Endpoints = {};

  /** @param file where a till finds the endpoints */
  constructor(dir: string, file: string) {
    this.#dir = dir;
    this.#file = file;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [BIN, 'hosts', '--data', this.#dir], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, TILLWRIGHT_STOP_WITH_STDIN: '1' } });
    this.#child = child;
    const line = await new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the hosts ended with ${code ?? 'a signal'}`)));
      createInterface({ input: child.stdout }).once('line', resolve);
    });
    this.endpoints = JSON.parse(line) as Endpoints;
    await writeFile(this.#file, line);
  }

  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    child.stdin?.end();
    await gone;
  }

  async fault(host: HostName, fault: Fault): Promise<void> {
    const response = await fetch(`${this.endpoints[host]?.control}/faults`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fault) });
    if (!response.ok) throw new Error(`${host} takes no ${JSON.stringify(fault)}: ${await response.text()}`);
  }

  /** Resolves as soon as the host has written something into its ledger, whether the till knows of it or not. */
  async written(host: HostName, signal: AbortSignal): Promise<void> {
    const url = `${this.endpoints[host]?.control}/ledger`;
    const read = async (): Promise<string> => (await fetch(url)).text();
    const before = await read();
    while (!signal.aborted && (await read()) === before) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async clearFaults(): Promise<void> {
    for (const host of ['acquirer', 'alipay', 'wechat'] as const) await fetch(`${this.endpoints[host]?.control}/faults`, { method: 'DELETE' });
  }
}

/**
 * When a till is killed: so long after its first event, so long after it told of an event of a type for the nth time, or
 * so long after a host wrote something down that the till may not have heard of yet.
 */
export type Plan =
  | { readonly afterMs: number }
  | { readonly event: string; readonly nth: number; readonly plusMs: number }
  | { readonly writtenAt: HostName; readonly plusMs: number };

export interface Life {
  readonly killed: boolean;
  readonly code: number | null;
  /** What it said before it ended. */
  readonly events: readonly EventRecord[];
  readonly results: readonly ExecutionResult[];
  readonly stderr: string;
  /** From its first event to its end, in ms. */
  readonly lastedMs: number;
}

/** `tillwright run ... --json`, loaded before it is told what to run. */
export class TillProcess {
  readonly #child = spawn(process.execPath, ['--import', WARM, BIN], { stdio: ['pipe', 'pipe', 'pipe'] });

  live(args: readonly string[], plan: Plan | undefined, hosts: HostsProcess): Promise<Life> {
    const child = this.#child;
    const events: EventRecord[] = [];
    const results: ExecutionResult[] = [];
    let stderr = '';
    let begunAt: number | undefined;
    let killed = false;
    let left = plan && 'event' in plan ? plan.nth : 0;
    const timers: NodeJS.Timeout[] = [];
    const over = new AbortController();
    const kill = (): void => {
      killed = child.kill('SIGKILL') || killed;
    };
    const killAfter = (ms: number): void => {
      if (ms === 0) kill();
      else timers.push(setTimeout(kill, ms));
    };
    return new Promise((resolve, reject) => {
      const hung = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`the till hangs after ${JSON.stringify(events.at(-1)?.event)}\n${stderr}`));
      }, SILENT_MS);
      const note = (event: EventRecord): void => {
        hung.refresh();
        events.push(event);
        if (begunAt === undefined) {
          begunAt = Date.now();
          if (plan && 'afterMs' in plan) killAfter(plan.afterMs);
          if (plan && 'writtenAt' in plan) hosts.written(plan.writtenAt, over.signal).then(() => over.signal.aborted || killAfter(plan.plusMs), reject);
        }
        if (plan && 'event' in plan && event.event.type === plan.event && (left -= 1) === 0) killAfter(plan.plusMs);
      };
      createInterface({ input: child.stdout }).on('line', (text) => {
        // A line that the kill cut off tells nothing.
        const line = parsed(text);
        if (line?.event) note(line.event);
        if (line?.result) results.push(line.result);
      });
      child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
      child.once('error', reject);
      child.once('close', (code, signal) => {
        clearTimeout(hung);
        over.abort();
        for (const timer of timers) clearTimeout(timer);
        resolve({ killed: killed && signal === 'SIGKILL', code, events, results, stderr, lastedMs: Date.now() - (begunAt ?? Date.now()) });
      });
      child.stdin.on('error', () => undefined);
      child.stdin.end(`${JSON.stringify(args)}\n`);
    });
  }

  discard(): void {
    this.#child.kill('SIGKILL');
  }
}

const parsed = (text: string): { event?: EventRecord; result?: ExecutionResult } | undefined => {
  try {
    return JSON.parse(text) as { event?: EventRecord; result?: ExecutionResult };
  } catch {
    return undefined;
  }
};
