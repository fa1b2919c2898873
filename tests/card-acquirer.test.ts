/** The card plugin on the simulated acquirer over TCP, with simulated devices: real messages, MACs, PIN blocks and cryptograms on both sides. */
import { Actions, type Answer, type JsonObject, PaymentMethod, type PaymentRequest, type Recorded, type SensitiveReference } from '@tillwright/core/contract';
import { CardReader, Clock, Counters, PinPad, RandomSource, Terminal, Vault } from '@tillwright/core/contract';
import { createSimulation, sampleAccounts, sampleCards, type SimulatedTill } from '@tillwright/device-sim';
import { type Fault, type Hosts, type LedgerEntry, startHosts } from '@tillwright/host-sim';
import { card } from '@tillwright/plugin-card';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { counters, countingRandom, live, ManualClock, TERMINAL, vault } from '../packages/plugin-card/src/testing.test-helper.js';

let hosts: Hosts;
let world: SimulatedTill;
let clock: ManualClock;
let secrets: ReturnType<typeof vault>;
let method: PaymentMethod;
let actions: readonly Actions[];
/** What the customer does next: a card and how, and a PIN. */
let customer: { card: string; by: 'insert' | 'swipe' | 'tap'; pin: string };
/** Everything that was handed to the log's side or shown. */
let said: unknown[];

const acquirer = () => {
  const { acquirer: endpoints } = hosts.endpoints;
  if (endpoints === undefined) throw new Error('no acquirer');
  return endpoints;
};

beforeEach(async () => {
  clock = new ManualClock();
  hosts = await startHosts({ acquirer: { accounts: sampleAccounts() }, alipay: false, wechat: false, clock: () => clock.now() });
  const { host, port, tpdu, header, terminalMasterKey } = acquirer();
  world = createSimulation({ terminalMasterKey, clock });
  secrets = vault();
  customer = { card: 'chip-ok', by: 'insert', pin: '123456' };
  said = [];
  world.on('waiting', (what) => {
    if (what.device === 'reader' && what.for === 'card') world.presentCard(customer.card, customer.by);
    if (what.device !== 'pinpad') return;
    world.pinPad.type(customer.pin);
    world.pinPad.enter();
  });
  const made = new Map<symbol, unknown[]>([
    [Clock.id, [clock]],
    [RandomSource.id, [countingRandom]],
    [Terminal.id, [TERMINAL]],
    [Counters.id, [counters()]],
    [Vault.id, [secrets]],
    [CardReader.id, [world.reader]],
    [PinPad.id, [world.pinPad]],
  ]);
  for (const { token, how } of card({ acquirer: { host, port, tpdu, header } }).provides) {
    if (how.kind !== 'factory') throw new Error('a factory was expected');
    const needs = how.needs.map(({ id }) => made.get(id)?.[0]) as never[];
    made.set(token.id, [...(made.get(token.id) ?? []), how.make(...needs)]);
  }
  method = made.get(PaymentMethod.id)?.[0] as PaymentMethod;
  actions = made.get(Actions.id) as Actions[];
});
afterEach(() => hosts.close());

const call = async (name: string, args: JsonObject): Promise<SensitiveReference> => {
  const [namespace, action] = name.split(':');
  const found = actions.find((each) => each.namespace === namespace)?.actions[action ?? ''];
  const context = { executionId: 'x', step: 's', terminal: TERMINAL, signal: new AbortController().signal, heartbeat: () => {}, show: (...shown: unknown[]) => void said.push(shown) };
  const result = await found?.run(args, context);
  said.push(result);
  return result as SensitiveReference;
};

const control = async <T>(path: string, init?: RequestInit): Promise<T> => (await (await fetch(`${acquirer().control}${path}`, init)).json()) as T;
const ledger = async (): Promise<readonly LedgerEntry[]> => (await control<{ entries: LedgerEntry[] }>('/ledger')).entries;
const fault = (...faults: Fault[]) => fetch(`${acquirer().control}/faults`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(faults) });

const read = (amountMinor = 1250) => call('reader:readCard', { amountMinor });
const enterPin = (of: SensitiveReference, amountMinor = 1250) => call('pinpad:enterPin', { card: of, amountMinor });

let paymentNumber = 0;
const submit = async (args: JsonObject, more: Partial<PaymentRequest> = {}): Promise<{ answer: Answer; recorded: Recorded }> => {
  paymentNumber += 1;
  const request: PaymentRequest = {
    paymentId: `p${paymentNumber}`, attempt: 1, operation: 'sale', amount: { amountMinor: 1250, currency: 'CNY' }, terminalId: 'T1', operatorId: '01', allowPartial: false, arguments: args, ...more,
  };
  const { prepared, sealed } = await method.prepare(request, live(secrets));
  const answer = await method.submit(request, prepared, live(secrets));
  said.push(prepared, answer);
  const recorded: Recorded = {
    request, prepared, submittedAt: clock.now(), completed: answer.outcome === 'approved' && answer.completion === 'none', now: clock.now(),
    ...(sealed === undefined ? {} : { sealed }),
    ...(answer.outcome === 'approved' ? { approved: answer } : {}),
  };
  return { answer, recorded };
};

/** Lets the time run out once the host has done what `seen` looks for: no clock of the machine is involved. */
const timeOutOnce = async <T>(work: Promise<T>, seen: () => Promise<boolean>): Promise<T> => {
  while (!(await seen()));
  clock.advance(60_000);
  return work;
};

const reversed = async (recorded: Recorded, reason: Parameters<NonNullable<PaymentMethod['reverse']>>[1]) => {
  expect(method.remedy(recorded)).toEqual({ do: 'reverse' });
  return method.reverse?.(recorded, reason, 1);
};

describe('approved', () => {
  it('by chip and PIN: the card accepts, and both sides name the payment alike', async () => {
    const of = await read();
    const { answer, recorded } = await submit({ card: of, pin: await enterPin(of) });
    expect(answer).toMatchObject({ outcome: 'approved', verified: true, completion: 'due', amount: { amountMinor: 1250 } });
    const completion = await method.complete?.(recorded, live(secrets));
    expect(completion).toMatchObject({ outcome: 'completed' });
    said.push(completion);
    expect(await ledger()).toMatchObject([{ reference: recorded.prepared.reference, amountMinor: 1250, status: 'approved', terminalId: TERMINAL.tid }]);
    const receipt = completion?.outcome === 'completed' ? completion.facts?.receipt : [];
    expect(receipt?.map(({ label }) => label['en'])).toEqual(['ACQUIRER', 'ISSUER', 'CARD NO', 'TRANS TYPE', 'BATCH NO', 'VOUCHER NO', 'AUTH NO', 'REF NO', 'DATE/TIME', 'AID', 'APP LABEL', 'TC', 'TVR', 'TSI', 'ATC']);
  });

  it('by tap under the limit, without PIN or signature', async () => {
    customer = { ...customer, card: 'contactless-ok', by: 'tap' };
    const { answer } = await submit({ card: await read() });
    expect(answer).toMatchObject({ outcome: 'approved', completion: 'none', facts: { signature: 'none', issuer: '测试银行乙' } });
  });

  it('by stripe, and by the stripe of a card whose chip is broken', async () => {
    customer = { ...customer, card: 'stripe-only', by: 'swipe' };
    const stripe = await read();
    expect((await submit({ card: stripe, pin: await enterPin(stripe) })).answer).toMatchObject({ outcome: 'approved' });
    customer = { ...customer, card: 'chip-broken', by: 'insert' };
    world.on('waiting', (what) => what.device === 'reader' && what.for === 'card' && what.accept.join() === 'swipe' && world.presentCard('chip-broken', 'swipe'));
    const fallback = await read();
    expect(fallback.view).toMatchObject({ entry: 'swipe' });
    expect((await submit({ card: fallback, pin: await enterPin(fallback) })).answer).toMatchObject({ outcome: 'approved' });
  });

  it('after a wrong PIN, with a new trace and a new PIN block', async () => {
    const of = await read();
    customer = { ...customer, pin: '999999' };
    const wrong = await submit({ card: of, pin: await enterPin(of) });
    expect(wrong.answer).toMatchObject({ outcome: 'declined', code: '55', again: 'new-input', error: 'Pin.Incorrect' });
    customer = { ...customer, pin: '123456' };
    const right = await submit({ card: of, pin: await enterPin(of) }, { attempt: 2 });
    expect(right.answer).toMatchObject({ outcome: 'approved' });
    expect(right.recorded.prepared.reference).not.toBe(wrong.recorded.prepared.reference);
    expect((await ledger()).map(({ status }) => status)).toEqual(['declined', 'approved']);
  });

  it('though the answer comes twice', async () => {
    await fault({ do: 'answer-twice', match: { operation: 'sale' } });
    customer = { ...customer, card: 'contactless-ok', by: 'tap' };
    expect((await submit({ card: await read() })).answer).toMatchObject({ outcome: 'approved' });
    expect((await submit({ card: await read() })).answer).toMatchObject({ outcome: 'approved' });
  });
});

describe('declined', () => {
  it.each([
    ['blocked', '41'],
    ['counterfeit', '05'],
    ['low-balance', '51'],
  ])('a card that is %s: %s', async (id, code) => {
    customer = { ...customer, card: id, by: 'insert' };
    const of = await read();
    expect((await submit({ card: of, pin: await enterPin(of) })).answer).toMatchObject({ outcome: 'declined', verified: true, code });
  });

  it('because of the keys, and approved after the sign-on that follows', async () => {
    customer = { ...customer, card: 'stripe-only', by: 'swipe' };
    const of = await read();
    await fault({ do: 'decline', code: 'A0', match: { operation: 'sale' } });
    expect((await submit({ card: of, pin: await enterPin(of) })).answer).toMatchObject({ outcome: 'declined', again: 'sign-on-first' });
    expect((await submit({ card: of, pin: await enterPin(of) })).answer).toMatchObject({ outcome: 'approved' });
  });
});

describe('undone', () => {
  it.each<[string, Fault]>([
    ['garbled', { do: 'garble', match: { operation: 'sale' } }],
    ['unverified', { do: 'bad-signature', match: { operation: 'sale' } }],
  ])('when the approval is %s: reversed at the host', async (reason, how) => {
    const of = await read();
    const pin = await enterPin(of);
    await fault(how);
    const { answer, recorded } = await submit({ card: of, pin });
    expect(answer).toMatchObject({ outcome: 'unknown', reason });
    expect(await ledger()).toMatchObject([{ status: 'approved' }]);
    expect(await reversed(recorded, 'no-answer')).toMatchObject({ outcome: 'undone', proof: 'acknowledged' });
    expect(await ledger()).toMatchObject([{ reference: recorded.prepared.reference, status: 'reversed' }]);
  });

  it('when the approval is lost', async () => {
    const of = await read();
    const pin = await enterPin(of);
    await fault({ do: 'drop-answer', match: { operation: 'sale' } });
    const { answer, recorded } = await timeOutOnce(submit({ card: of, pin }), async () => (await ledger()).length === 1);
    expect(answer).toMatchObject({ outcome: 'unknown', reason: 'no-answer' });
    expect(await reversed(recorded, 'no-answer')).toMatchObject({ outcome: 'undone', proof: 'acknowledged' });
    expect(await ledger()).toMatchObject([{ status: 'reversed' }]);
  });

  it('when the request is lost: the host never saw it', async () => {
    const of = await read();
    const pin = await enterPin(of);
    await fault({ do: 'drop-request', match: { operation: 'sale' } });
    const faultsLeft = async () => JSON.stringify(await control<unknown>('/faults')).includes('drop-request');
    const { answer, recorded } = await timeOutOnce(submit({ card: of, pin }), async () => !(await faultsLeft()));
    expect(answer).toMatchObject({ outcome: 'unknown', reason: 'no-answer' });
    expect(await reversed(recorded, 'no-answer')).toMatchObject({ outcome: 'undone', proof: 'no-original' });
  });

  it('when the card refuses the approval', async () => {
    customer = { ...customer, card: 'chip-declines' };
    const of = await read();
    const { recorded } = await submit({ card: of, pin: await enterPin(of) });
    expect(await method.complete?.(recorded, live(secrets))).toMatchObject({ outcome: 'refused-by-card' });
    expect(await reversed(recorded, 'card-refused')).toMatchObject({ outcome: 'undone', proof: 'acknowledged' });
    expect(await ledger()).toMatchObject([{ status: 'reversed' }]);
  });

  it('when it was complete: by a void', async () => {
    customer = { ...customer, card: 'contactless-ok', by: 'tap' };
    const { recorded } = await submit({ card: await read() });
    const remedy = method.remedy(recorded);
    expect(remedy).toEqual({ do: 'void', amount: { amountMinor: 1250, currency: 'CNY' } });
    expect((await submit({}, { operation: 'void', attempt: 2, original: recorded })).answer).toMatchObject({ outcome: 'approved' });
    expect(await ledger()).toMatchObject([{ reference: recorded.prepared.reference, status: 'voided' }]);
  });

  it('not at all when the host took no connection: nothing was owed', async () => {
    const of = await read();
    const pin = await enterPin(of);
    await hosts.close();
    expect((await submit({ card: of, pin })).answer).toMatchObject({ outcome: 'not-sent' });
  });
});

it('no card number, track, PIN or key is in what was shown, returned or prepared', async () => {
  const of = await read();
  const { recorded } = await submit({ card: of, pin: await enterPin(of) });
  said.push(await method.complete?.(recorded, live(secrets)), recorded.request, recorded.prepared);
  const text = JSON.stringify(said);
  for (const { pan, expiry, track2 } of sampleCards) for (const secret of [pan, track2, `${pan}=${expiry}`]) expect(text).not.toContain(secret);
  expect(text).not.toContain(customer.pin);
  expect(text).not.toContain(acquirer().terminalMasterKey);
  expect(text.length).toBeGreaterThan(1000);
});
