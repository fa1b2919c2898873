/**
 * One sale, one way to pay, one behaviour of its host, stopped at one write: the till is opened again on what its disk holds, the sale
 * comes to its end, and the hosts' ledgers are held against the log.
 */
import type { EventRecord, ExecutionResult } from '@tillwright/core';
import type { Json } from '@tillwright/core/contract';
import type { LifeOptions, PointKind } from '@tillwright/core/testing';
import { memberPoints, MembersClub } from '@tillwright/device-sim';
import { check, checkBooks } from '../run/checkers.js';
import { watchSubmits } from '../run/submits.js';
import { openShop, type Shop, type ShopOptions } from '../shop.js';
import { type Behaviour, messages } from './behaviours.js';
import { Customer, type Way } from './customer.js';
import { sellPatiently } from './patience.js';

export interface Sale {
  readonly workflows: ShopOptions['workflows'];
  readonly workflow: string;
  readonly input?: Json;
  readonly way: Way;
}

/** Where a life ends. */
export interface Stop {
  readonly point: number;
  /** All that was appended reached the disk, or only what was waited for. */
  readonly keepsAll: boolean;
}

export interface Played {
  readonly problems: readonly string[];
  /** The points of the first life at which it wrote. */
  readonly writes: readonly number[];
  /** Something was appended and not yet on disk when the first life ended. */
  readonly undurable: boolean;
  /** States in the order in which they were left, and what the hosts hold. */
  readonly path: string;
  /** The method that was asked first. */
  readonly asked: string | undefined;
}

const WRITES: ReadonlySet<PointKind> = new Set(['append', 'durable', 'seal', 'sealed', 'forget', 'forgotten']);
const OFF_MS = 3_000;
const HOSTS = ['acquirer', 'alipay', 'wechat'] as const;

/** @param stops of its first life, its second, ...; the next one is not stopped */
export const play = async (sale: Sale, behaviour: Behaviour, stops: readonly Stop[]): Promise<Played> => {
  const writes: number[] = [];
  const lifeOf = (life: number): LifeOptions => ({
    endsAt: (point, kind) => {
      if (life === 0 && WRITES.has(kind)) writes.push(point);
      return point === stops[life]?.point;
    },
  });
  let records = (): readonly EventRecord[] => [];
  const submits = watchSubmits(() => records());
  const club = new MembersClub();
  const shop = await openShop({
    seed: `${sale.workflow}/${sale.way.method}/${sale.way.by}`,
    workflows: sale.workflows,
    plugins: (defaults) => (sale.way.points ? [...defaults, memberPoints({ club })] : defaults),
    onSend: submits.onSend,
    life: lifeOf(0),
  });
  records = () => shop.log.records;
  misbehave(shop, behaviour);
  const customer = new Customer(shop, sale.way);
  const told: ExecutionResult[] = [];
  const seen: EventRecord[] = [];
  let undurable = false;
  for (let life = 0; !(await sold(shop, sale, { customer, told, seen })); life += 1) {
    if (life === 0) undurable = shop.log.head > shop.log.durableTo;
    shop.crash(stops[life]?.keepsAll ? Infinity : 0);
    await shop.clock.until(shop.clock.now() + OFF_MS);
    await shop.reopen(lifeOf(life + 1));
  }
  const evidence = { shop, told, seen, sent: submits.sent };
  // Looking for leaks takes as long as all the rest: it is enough where nothing is stopped.
  const wrong = stops.length === 0 ? await check({ ...evidence, shown: customer.shown, secrets: customer.codes }) : await checkBooks(evidence);
  const problems = [...submits.violations, ...wrong, ...clubApart(club, shop.log.records)];
  const played = { problems, writes, undurable, path: pathOf(shop), asked: askedFirst(shop) };
  await shop.close();
  return played;
};

/** @returns false when the life ended before all was quiet. @throws where the sale never ends */
const sold = async (shop: Shop, { workflow, input }: Sale, { customer, told, seen }: { customer: Customer; told: ExecutionResult[]; seen: EventRecord[] }): Promise<boolean> => {
  const { life } = shop;
  if (!life.alive) return false;
  const { till } = shop;
  till.on('event', (record) => life.alive && seen.push(record));
  customer.watch(till, life);
  const result = await sellPatiently(shop, { workflow, key: 'sale-1', ...(input === undefined ? {} : { input }) });
  if (result) told.push(result);
  return life.alive && (await shop.quiet());
};

const misbehave = (shop: Shop, { fault, refused = 0, cancelled = false }: Behaviour): void => {
  const read = messages();
  shop.hosts.byChance((host, operation) => {
    const message = read(host, operation);
    if (cancelled && message.purpose === 'take' && message.nth === 1) cancel(shop);
    return fault?.(message);
  });
  if (refused > 0) for (const host of HOSTS) shop.hosts.fault(host, { do: 'refuse-connections', times: refused });
};

const cancel = ({ life, till }: Shop): void => {
  if (!life.alive) return;
  for (const { executionId, status } of till.executions()) if (status === 'running') till.cancel(executionId, 'merchant', 'changed my mind');
};

/** The club's book is no host's: what is paid with points stands in it, and nothing else does. */
const clubApart = (club: MembersClub, records: readonly EventRecord[]): string[] => {
  const references = new Map<string, string>();
  const paid = new Set<string>();
  const withAPerson = new Set<string>();
  for (const { stream, event } of records) {
    if (event.type === 'paymentPrepared' && event.method === 'points') references.set(stream, event.prepared.reference);
    const reference = references.get(stream);
    if (reference === undefined) continue;
    if (event.type === 'paymentCommitted') paid.add(reference);
    if (event.type === 'caseOpened') withAPerson.add(reference);
  }
  const standing = new Set(club.ledger().flatMap(({ status, reference }) => (status === 'approved' ? [reference] : [])));
  return [...new Set([...paid, ...standing])]
    .filter((reference) => paid.has(reference) !== standing.has(reference) && !withAPerson.has(reference))
    .map((reference) => `points ${reference}: ${standing.has(reference) ? 'spent' : 'not spent'} in the club's book, ${paid.has(reference) ? 'paid' : 'not paid'} in the log`);
};

const askedFirst = ({ log }: Shop): string | undefined => log.records.map(({ event }) => event).find((event) => event.type === 'paymentPrepared')?.method;

const pathOf = ({ log, hosts }: Shop): string =>
  [...log.records.flatMap(({ event }) => (event.type === 'stepLeft' ? [event.step] : [])), ...hosts.ledgers().flatMap(({ host, entries }) => entries.map(({ status }) => `${host} ${status}`))].join(' ');
