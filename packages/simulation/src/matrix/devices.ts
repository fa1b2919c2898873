/** Devices that break their contract: a call gives what it can't give, or never comes back. */
import type { EventRecord, ExecutionResult } from '@tillwright/core';
import type { Plugin, Provision } from '@tillwright/core/contract';
import { decode } from '@tillwright/plugin-card/protocol';
import { check } from '../run/checkers.js';
import { watchSubmits } from '../run/submits.js';
import { openShop } from '../shop.js';
import { type Behaviour, messages } from './behaviours.js';
import { Customer } from './customer.js';
import type { Sale } from './matrix.js';
import { sellPatiently } from './patience.js';

/** What comes of a call that would be made so. */
type Misbehaviour = (made: () => unknown) => unknown;

const never = new Promise<never>(() => {});
const gives = (value: unknown) => (): unknown => Promise.resolve(value);

export const misbehaviours = {
  'never answers': () => never,
  'does it, and never says so': (made) => {
    void Promise.resolve(made()).catch(() => {});
    return never;
  },
  throws: () => {
    throw new TypeError('no such port');
  },
  'rejects with what is no error': async () => await Promise.reject(null as never),
  'gives nothing': gives(undefined),
  'gives null': gives(null),
  'gives an empty object': gives({}),
  'gives a text': gives('3132333435363738'),
  'gives a number': gives(-1.5),
  'gives true': gives(true),
  'gives no bytes': gives(new Uint8Array(0)),
  'gives bytes that mean nothing': gives(Uint8Array.of(0xff, 0x9f, 0x27, 0x7f, 0, 1, 2, 3)),
  'gives too many bytes': gives(new Uint8Array(5000).fill(0x41)),
  'gives what throws when it is looked at': gives(
    new Proxy(
      {},
      {
        get: (_target, name) => {
          if (name === 'then') return undefined;
          throw new RangeError('gone');
        },
      },
    ),
  ),
} satisfies { readonly [name: string]: Misbehaviour };

/** One call, or all from it on until the sale is over, but no longer than a customer would stand there. */
export interface Mishap {
  /** `PinPad.mac` */
  readonly call: string;
  /** The how manieth of it, from 1. */
  readonly nth: number;
  readonly lasts: boolean;
  readonly how: keyof typeof misbehaviours;
}

export interface DeviceSale {
  readonly problems: readonly string[];
  /** Calls of devices in their order. */
  readonly calls: readonly string[];
  readonly result: ExecutionResult | undefined;
}

const LASTS_MS = 15 * 60_000;
const DEVICES = /^(CardReader|ChipSession|PinPad|Scanner|Printer|TillStatus|HealthCheck)\./;

/** A sale in which a device breaks its contract, and another one when all devices, and the host, are well again. */
export const sellWith = async ({ workflow, workflows, way }: Sale, { fault }: Behaviour, mishap?: Mishap): Promise<DeviceSale> => {
  const problems: string[] = [];
  const calls: string[] = [];
  const counts = new Map<string, number>();
  let well = false;
  let records = (): readonly EventRecord[] => [];
  let now = (): number => 0;
  const submits = watchSubmits(() => records());
  let endsAt = Infinity;
  let met = 0;
  const call = (name: string, made: () => unknown): unknown => {
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    if (DEVICES.test(name)) calls.push(name);
    const wrong = !well && name === mishap?.call && (mishap.lasts ? nth >= mishap.nth && now() < endsAt : nth === mishap.nth);
    if (!wrong) return made();
    met += 1;
    return (misbehaviours[mishap.how] as Misbehaviour)(made);
  };
  const shop = await openShop({
    seed: `devices/${way.method}/${way.by}`,
    workflows,
    plugins: (defaults) => defaults.map((plugin) => overheard(plugin, call)),
    onSend: (...message) => {
      submits.onSend(...message);
      // Every card of this shop asks for its PIN, but for the one that is tapped, and nobody passes it over.
      if (message[0] === 'acquirer' && way.by !== 'tap') {
        const { mti, fields } = decode(message[1]);
        if (mti === '0200' && fields[3] === '000000' && fields[52] === undefined) problems.push('a sale was sent without the PIN that its card asks for');
      }
    },
  });
  records = () => shop.log.records;
  now = () => shop.clock.now();
  endsAt = now() + LASTS_MS;
  const read = messages();
  shop.hosts.byChance((host, operation) => (well ? undefined : fault?.(read(host, operation))));
  const { till } = shop;
  const seen: EventRecord[] = [];
  const told: ExecutionResult[] = [];
  till.on('event', (record) => seen.push(record));
  const customer = new Customer(shop, way);
  customer.watch(till, shop.life);
  const sell = async (key: string): Promise<ExecutionResult> => {
    const result = await sellPatiently(shop, { workflow, key });
    if (!result) throw new Error('the till ended before the sale did');
    told.push(result);
    return result;
  };
  let result: ExecutionResult | undefined;
  let made: readonly string[] = [];
  try {
    result = await sell('one');
    made = [...calls];
    well = true;
    await shop.quiet();
    const next = await sell('two');
    const paidBy = shop.log.records.flatMap(({ event }) => (event.type === 'paymentPrepared' && event.saleReference === 'two' ? [event.method] : []));
    if (next?.status !== 'succeeded' || paidBy[0] !== way.method) problems.push(`once all is well, a customer pays by ${paidBy.join(', ') || 'nothing'}: ${JSON.stringify(next)}`);
    await shop.quiet();
    problems.push(...submits.violations, ...(await check({ shop, told, seen, sent: submits.sent, shown: customer.shown, secrets: customer.codes })));
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  await shop.close();
  if (mishap && met === 0) problems.push('the mishap was not met');
  return { problems, calls: made, result };
};

/** @param call makes each call of what the plugin provides, or does something else in its place */
const overheard = (plugin: Plugin, call: (name: string, made: () => unknown) => unknown): Plugin => {
  const overhear = <T>(service: T, name: string): T => {
    if (typeof service !== 'object' || service === null) return service;
    return new Proxy(service, {
      get: (target, member) => {
        const value: unknown = Reflect.get(target, member, target);
        if (typeof value !== 'function' || typeof member !== 'string') return value;
        return (...args: unknown[]) =>
          call(`${name}.${member}`, () => {
            const given: unknown = (value as (...args: unknown[]) => unknown).apply(target, args);
            return name === 'CardReader' && given instanceof Promise ? given.then(withChip) : given;
          });
      },
    });
  };
  const withChip = (read: { readonly chip?: object } | undefined) => (read?.chip ? { ...read, chip: overhear(read.chip, 'ChipSession') } : read);
  const provides = plugin.provides.map(({ token, how }): Provision => ({ token, how: how.kind === 'factory' ? { ...how, make: (...needs: never[]) => overhear(how.make(...needs), token.name) } : how }));
  return { ...plugin, provides };
};
