/** Hosts and tills of a street of shops, as processes of their own, which a test may kill at any moment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { EventRecord, ExecutionResult } from '@tillwright/core';
import type { Endpoints, Fault, HostName } from '@tillwright/host-sim';

const STREET = fileURLToPath(new URL('street.mjs', import.meta.url));
/** A till that has said nothing for so long hangs. */
const SILENT_MS = 90_000;

interface Line {
  readonly shop?: number;
  readonly line?: string;
  readonly err?: string;
  readonly done?: true;
}

/** A process of several shops; `hear` is told of every line. */
class StreetProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<NodeJS.Signals | null>;

  constructor(what: 'hosts' | 'tills') {
    this.child = spawn(process.execPath, [STREET, what], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (_code, signal) => resolve(signal));
    });
    this.child.stdin?.on('error', () => undefined);
  }

  hear(listen: (line: Line) => void): void {
    const output = this.child.stdout;
    // A line that the kill cut off tells nothing.
    if (output) createInterface({ input: output }).on('line', (text) => listen(parsed<Line>(text) ?? {}));
  }

  call(shop: number, args: readonly string[]): void {
    this.child.stdin?.write(`${JSON.stringify({ shop, args })}\n`);
  }
}

/** `tillwright hosts` for each shop: killed and started again, they go on with their ledgers and keys. */
export class HostsProcess {
  readonly #dirs: readonly string[];
  #street: StreetProcess | undefined;
  endpoints: Endpoints[] = [];

  /** @param dirs of the shops; what a till needs to find its hosts is written there */
  constructor(dirs: readonly string[]) {
    this.#dirs = dirs;
  }

  async start(): Promise<void> {
    const street = new StreetProcess('hosts');
    this.#street = street;
    const endpoints = await Promise.race([
      street.ended.then((signal) => Promise.reject(new Error(`the hosts ended (${signal ?? 'by themselves'})`))),
      new Promise<string[]>((resolve) => {
        const heard: string[] = [];
        street.hear(({ shop, line }) => {
          if (shop === undefined || line === undefined) return;
          heard[shop] = line;
          if (Object.keys(heard).length === this.#dirs.length) resolve(heard);
        });
        for (const [shop, dir] of this.#dirs.entries()) street.call(shop, ['hosts', '--data', join(dir, 'hosts')]);
      }),
    ]);
    for (const [shop, dir] of this.#dirs.entries()) await writeFile(join(dir, 'endpoints.json'), endpoints[shop] ?? '');
    this.endpoints = endpoints.map((text) => JSON.parse(text) as Endpoints);
  }

  async kill(): Promise<void> {
    this.#street?.child.kill('SIGKILL');
    await this.#street?.ended;
  }

  async fault(shop: number, host: HostName, fault: Fault): Promise<void> {
    const response = await fetch(`${this.endpoints[shop]?.[host]?.control}/faults`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fault) });
    if (!response.ok) throw new Error(`${host} takes no ${JSON.stringify(fault)}: ${await response.text()}`);
  }

  /** Resolves as soon as the host has written something into its ledger, whether the till knows of it or not. */
  async written(shop: number, host: HostName, signal: AbortSignal): Promise<void> {
    const url = `${this.endpoints[shop]?.[host]?.control}/ledger`;
    const read = async (): Promise<string> => (await fetch(url)).text();
    const before = await read();
    while (!signal.aborted && (await read()) === before) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async clearFaults(): Promise<void> {
    for (const endpoints of this.endpoints) for (const host of ['acquirer', 'alipay', 'wechat'] as const) await fetch(`${endpoints[host]?.control}/faults`, { method: 'DELETE' });
  }
}

/** What a till told of one call of `tillwright run`. */
export interface Told {
  readonly events: EventRecord[];
  readonly errors: string[];
  readonly results: ExecutionResult[];
}

interface Call {
  readonly told: Told;
  readonly onEvent: (event: EventRecord) => void;
  readonly end: (ended: true) => void;
}

/** `tillwright run ... --json` for each shop, loaded before it is told what to run; killed when the test wants. */
export class TillsProcess {
  readonly #street = new StreetProcess('tills');
  readonly #calls = new Map<number, Call>();
  #hung: NodeJS.Timeout | undefined;
  /** Resolves when it is gone. */
  readonly ended = this.#street.ended;

  constructor() {
    this.#street.hear(({ shop = -1, line = '', err, done }) => {
      const call = this.#calls.get(shop);
      if (!call) return;
      this.#hung?.refresh();
      if (err !== undefined) call.told.errors.push(err);
      const said = parsed<{ event?: EventRecord; result?: ExecutionResult }>(line);
      if (said?.result) call.told.results.push(said.result);
      if (said?.event) {
        call.told.events.push(said.event);
        call.onEvent(said.event);
      }
      if (!done) return;
      this.#calls.delete(shop);
      call.end(true);
    });
    void this.ended.then(() => clearTimeout(this.#hung));
  }

  /** How many calls are under way that have told of something already. */
  get busy(): number {
    return [...this.#calls.values()].filter(({ told }) => told.events.length > 0).length;
  }

  /** @returns false when the process was killed before the call ended */
  async run(shop: number, args: readonly string[], told: Told, onEvent: (event: EventRecord) => void): Promise<boolean> {
    this.#hung ??= setTimeout(() => {
      told.errors.push('the process hangs');
      this.kill();
    }, SILENT_MS);
    const ended = new Promise<true>((end) => this.#calls.set(shop, { told, onEvent, end }));
    this.#street.call(shop, ['run', ...args]);
    return await Promise.race([ended, this.ended.then(() => false)]);
  }

  kill(): void {
    this.#street.child.kill('SIGKILL');
  }
}

const parsed = <T>(text: string): T | undefined => {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
};
