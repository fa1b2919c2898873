import { randomBytes } from 'node:crypto';
import { fromHex, toHex } from '@tillwright/plugin-card/protocol';
import { clockOf, type HostClock, type RandomBytes } from '../clock.js';
import { startControl, type LedgerEntry } from '../control.js';
import type { AcquirerEndpoints } from '../endpoints.js';
import { optionsInvalid } from '../errors.js';
import { Faults } from '../faults.js';
import { keep, randomDesKey } from '../keys.js';
import { Accounts, type Account } from './accounts.js';
import type { HostParts } from './host-parts.js';
import { startAcquirerServer } from './server.js';
import { Terminals, type TerminalIdentity } from './terminals.js';
import { TransactionBook } from './transactions.js';
import { AcquirerWire, type HostEnd, type TerminalEnd } from './wire.js';

export interface AcquirerOptions {
  /** 0 or left out: any free port. */
  readonly port?: number;
  /** 8 characters; `00000001` when left out. */
  readonly tid?: string;
  /** 15 characters; `898000000000001` when left out. */
  readonly mid?: string;
  /** More terminals of this acquirer, under the same terminal master key. */
  readonly moreTerminals?: readonly TerminalIdentity[];
  readonly accounts?: readonly Account[];
  /** Contactless without a PIN up to this many fen; 100000 when left out. */
  readonly noPinLimitMinor?: number;
  /** Inserted or swiped with the PIN passed over, signed, up to this many fen; 100000 when left out. */
  readonly bypassLimitMinor?: number;
  /**
   * A sale that arrives after its reversal was answered with 25: `approve` it, as hosts do that forget such reversals
   * (the default, and the harder one for a till), or `refuse` it with 94.
   */
  readonly lateSale?: 'approve' | 'refuse';
}

interface KeptKeys {
  readonly terminalMasterKey: string;
  readonly accountIdKey: string;
}

const TPDU = '6000030000';
const HEADER = '603100310100';

export interface HostSetUp {
  /** Where what the host knows outlives a restart; memory only when left out. */
  readonly dataDir?: string | undefined;
  readonly clock: HostClock | (() => number);
  /** The machine's when left out. */
  readonly random?: RandomBytes | undefined;
}

/** The acquirer without sockets: what a terminal is given, the wire's end, and the book. */
export interface Acquirer {
  readonly terminal: Pick<AcquirerEndpoints, 'tpdu' | 'header' | 'tid' | 'mid' | 'terminalMasterKey'>;
  readonly faults: Faults;
  connect(terminal: TerminalEnd): HostEnd;
  ledger(): readonly LedgerEntry[];
  /** @throws HOST_OPTIONS_INVALID */
  register(accounts: unknown): Promise<void>;
  /** The host settles the batch of a terminal, the first one unless told: messages of it are answered 77 until the next sign-on. @throws HOST_OPTIONS_INVALID */
  closeBatch(tid?: string): Promise<void>;
  /** The process dies and starts again. */
  restart(): void;
  close(): Promise<void>;
}

/**
 * Opens the acquirer in this process: whole messages in, whole messages out, no socket.
 * @throws HOST_OPTIONS_INVALID, HOST_DATA_DAMAGED
 */
export async function openAcquirer(options: AcquirerOptions & HostSetUp): Promise<Acquirer> {
  const { dataDir: dir, random = randomBytes } = options;
  const clock = clockOf(options.clock);
  const terminal = identity({ tid: options.tid ?? '00000001', mid: options.mid ?? '898000000000001' });
  const keys = await keep<KeptKeys>({ dir, name: 'acquirer-keys' }, () => ({
    terminalMasterKey: toHex(randomDesKey(16, random)),
    accountIdKey: toHex(random(32)),
  }));
  const opened: { close(): Promise<void> }[] = [];
  const closeAll = async (): Promise<void> => {
    for (const each of opened.toReversed()) await each.close();
  };
  const open = async <T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const started = await starting;
    opened.push(started);
    return started;
  };
  try {
    const accounts = await open(Accounts.open({ dir, idKey: fromHex(keys.accountIdKey), accounts: options.accounts ?? [] }));
    const book = await open(TransactionBook.open(dir));
    const terminals = await open(
      Terminals.open({ dir, terminals: [terminal, ...(options.moreTerminals ?? []).map(identity)], masterKey: fromHex(keys.terminalMasterKey), random }),
    );
    const host: HostParts = {
      accounts,
      book,
      terminals,
      limits: { noPinLimitMinor: options.noPinLimitMinor ?? 100_000, bypassLimitMinor: options.bypassLimitMinor ?? 100_000 },
      lateSale: options.lateSale ?? 'approve',
      clock: () => clock.now(),
    };
    const faults = new Faults();
    const wire = new AcquirerWire(host, { faults, clock });
    opened.push(wire);
    return {
      terminal: { tpdu: TPDU, header: HEADER, ...terminal, terminalMasterKey: keys.terminalMasterKey },
      faults,
      connect: (end) => wire.connect(end),
      ledger: () => book.view(),
      register: (body) => accounts.register(body),
      closeBatch: async (tid = terminal.tid) => {
        if (terminals.merchant(tid) === undefined) throw optionsInvalid(`no terminal has the tid "${tid}"`);
        await terminals.closeBatch(tid);
      },
      restart: () => wire.restart(),
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/**
 * Starts the acquirer: ISO 8583 over TCP (UnionPay POS dialect) and the control API, both on 127.0.0.1.
 * @throws HOST_OPTIONS_INVALID, HOST_PORT_IN_USE, HOST_DATA_DAMAGED
 */
export async function startAcquirer(options: AcquirerOptions & HostSetUp): Promise<{ readonly endpoints: AcquirerEndpoints; close(): Promise<void> }> {
  const acquirer = await openAcquirer(options);
  const { faults } = acquirer;
  try {
    const server = await startAcquirerServer(acquirer, { port: options.port ?? 0, faults });
    const control = await startControl({ host: 'acquirer', ledgerView: () => acquirer.ledger(), faults, onAccounts: (body) => acquirer.register(body), actions: { 'close-batch': (body) => acquirer.closeBatch(tidOf(body)) } }).catch(async (error: unknown) => {
      await server.close();
      throw error;
    });
    return {
      endpoints: { host: '127.0.0.1', port: server.port, control: control.url, ...acquirer.terminal },
      async close() {
        await control.close();
        await server.close();
        await acquirer.close();
      },
    };
  } catch (error) {
    await acquirer.close();
    throw error;
  }
}

/** `{ tid? }` */
function tidOf(body: unknown): string | undefined {
  const { tid, ...rest } = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  if ((tid !== undefined && typeof tid !== 'string') || Object.keys(rest).length > 0) throw optionsInvalid('to close a batch is told { tid? }');
  return tid;
}

function identity({ tid, mid }: TerminalIdentity): TerminalIdentity {
  if (!/^[0-9A-Za-z]{8}$/.test(tid)) throw optionsInvalid('"tid" is 8 letters or digits');
  if (!/^[0-9A-Za-z]{15}$/.test(mid)) throw optionsInvalid('"mid" is 15 letters or digits');
  return { tid, mid };
}
