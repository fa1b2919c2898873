/** Both wallet plugins, on the vendors' SDKs, against the simulated hosts over HTTP: real signatures on both sides, and the hosts' own ledgers as witnesses. */
import { money, PaymentMethod, Sensitive } from '@tillwright/core/contract';
import type { Answer, Finding, Json, JsonObject, Live, PaymentRequest, Plugin, Recorded, SensitiveReference, Vault } from '@tillwright/core/contract';
import { startHosts } from '@tillwright/host-sim';
import type { Fault, Hosts, LedgerEntry, Payer } from '@tillwright/host-sim';
import { alipay } from '@tillwright/plugin-alipay';
import { wechat } from '@tillwright/plugin-wechat';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const TERMINAL = { id: 'T1', tid: '00000001', mid: '898000000000001', name: '街角小店 Corner Shop', operatorId: '01' };
/** Long enough for a busy machine; the one who waits for an answer that never comes in time is impatient. */
const PATIENT = { answerWithinMs: 20_000 };
const IMPATIENT = { answerWithinMs: 1_000 };
const AMOUNT = 8_888;

interface Wallet {
  readonly id: 'alipay' | 'wechat';
  readonly prefix: string;
  /** As the host's faults name it. */
  readonly pay: string;
  readonly declineCode: string;
  plugin(hosts: Hosts, policy: { readonly answerWithinMs: number }): Plugin;
  control(hosts: Hosts): string;
}

const present = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('the host did not start');
  return value;
};

const WALLETS: readonly Wallet[] = [
  {
    id: 'alipay',
    prefix: '28',
    pay: 'pay',
    declineCode: 'ACQ.BUYER_BALANCE_NOT_ENOUGH',
    plugin: (hosts, policy) => {
      const { appId, appPrivateKey: privateKey, alipayPublicKey, gateway: gatewayUrl } = present(hosts.endpoints.alipay);
      return alipay({ appId, privateKey, alipayPublicKey, gatewayUrl, policy });
    },
    control: (hosts) => present(hosts.endpoints.alipay).control,
  },
  {
    id: 'wechat',
    prefix: '13',
    pay: 'codepay',
    declineCode: 'NOTENOUGH',
    plugin: (hosts, policy) => {
      const { appid, mchid, serial, privateKey, platformSerial, platformPublicKey, baseURL: baseUrl } = present(hosts.endpoints.wechat);
      return wechat({ appid, mchid, serial, privateKey, platformKeys: { [platformSerial]: platformPublicKey }, baseUrl, policy });
    },
    control: (hosts) => present(hosts.endpoints.wechat).control,
  },
];

let codes = 0;
const freshCode = (prefix: string): string => {
  codes += 1;
  return `${prefix}${String(codes).padStart(16, '0')}`;
};

describe.each(WALLETS)('$id', (wallet) => {
  let hosts: Hosts;
  let method: PaymentMethod;
  let impatient: PaymentMethod;
  let now: number;
  let paymentNumber = 0;
  /** What this test began: one host serves all of them. */
  let begun: Set<string>;

  const made = (policy: typeof PATIENT): PaymentMethod => {
    const provided = wallet.plugin(hosts, policy).provides.find(({ token }) => token.id === PaymentMethod.id);
    if (provided?.how.kind !== 'factory') throw new Error('a factory was expected');
    return (provided.how.make as (...needs: unknown[]) => PaymentMethod)({ now: () => now, until: () => Promise.resolve() }, TERMINAL);
  };

  beforeAll(async () => {
    now = Date.now();
    hosts = await startHosts({ acquirer: false, clock: () => now, ...(wallet.id === 'alipay' ? { wechat: false } : { alipay: false }) });
    method = made(PATIENT);
    impatient = made(IMPATIENT);
  });
  afterAll(() => hosts.close());
  beforeEach(async () => {
    begun = new Set();
    await fetch(`${wallet.control(hosts)}/faults`, { method: 'DELETE' });
  });

  const tell = async (path: string, body: unknown): Promise<void> => {
    const response = await fetch(`${wallet.control(hosts)}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    expect(response.status).toBeLessThan(300);
  };
  const fault = (...faults: readonly Fault[]): Promise<void> => tell('/faults', faults);
  const ledger = async (): Promise<readonly LedgerEntry[]> => {
    const { entries } = (await (await fetch(`${wallet.control(hosts)}/ledger`)).json()) as { entries: LedgerEntry[] };
    return entries.filter(({ reference }) => begun.has(reference));
  };
  const payer = async (more: Partial<Payer>): Promise<string> => {
    const code = freshCode(wallet.prefix);
    await tell('/accounts', { payers: [{ code, balanceMinor: 1_000_000, name: 'Li Lei', ...more }] });
    return code;
  };

  const begin = async (code: string, more: Partial<PaymentRequest> = {}, by = method): Promise<{ readonly answer: Answer; readonly recorded: Recorded }> => {
    paymentNumber += 1;
    const scanned: SensitiveReference = { sensitive: 's', kind: 'payer-code', view: {} };
    const vault: Vault = { put: () => scanned, take: <T>(_reference: Json, _kind: string): Sensitive<T> => new Sensitive(code as T), forget: () => undefined };
    const live: Live = { vault, signal: new AbortController().signal, show: () => undefined };
    const request: PaymentRequest = {
      paymentId: `pay-${paymentNumber}`,
      attempt: 1,
      operation: 'sale',
      amount: money(AMOUNT, 'CNY'),
      terminalId: 'T1',
      operatorId: '01',
      allowPartial: false,
      arguments: { code: scanned },
      ...more,
    };
    const { prepared } = await by.prepare(request, live);
    begun.add(prepared.reference);
    const recorded: Recorded = { request, prepared, submittedAt: now, completed: false, now };
    const answer = await by.submit(request, prepared, live);
    if (code !== '') expect(JSON.stringify([answer, prepared])).not.toContain(code);
    return { answer, recorded };
  };
  const inquire = (recorded: Recorded): Promise<Finding> => present(method.inquire).call(method, recorded);
  const reverse = (recorded: Recorded) => present(method.reverse).call(method, recorded, 'timed-out', 1);
  const later = (ms: number): void => {
    now += ms;
  };

  it('pays', async () => {
    const { answer, recorded } = await begin(freshCode(wallet.prefix));
    expect(answer).toMatchObject({ outcome: 'approved', verified: true, amount: { amountMinor: AMOUNT, currency: 'CNY' }, facts: { reference: recorded.prepared.reference } });
    const lines = answer.outcome === 'approved' ? answer.facts.receipt : [];
    expect(lines.map(({ key }) => key)).toEqual(['merchantOrderNumber', 'tradeNumber', 'payer', 'paidAmount', 'paidAt']);
    expect(lines.find(({ key }) => key === 'payer')?.value).toContain('*');
    expect(await ledger()).toMatchObject([{ reference: recorded.prepared.reference, amountMinor: AMOUNT, status: 'approved' }]);
  });

  it('waits for the payer, who then pays', async () => {
    const { answer, recorded } = await begin(await payer({ password: 'needed', paysAfterQueries: 1 }));
    expect(answer).toEqual({ outcome: 'pending', waitingFor: 'payer' });
    expect(await inquire(recorded)).toEqual({ outcome: 'pending', waitingFor: 'payer' });
    expect(await inquire(recorded)).toMatchObject({ outcome: 'approved', amount: { amountMinor: AMOUNT } });
    expect(await ledger()).toMatchObject([{ status: 'approved', amountMinor: AMOUNT }]);
  });

  it('waits for a payer who walks away: closed, with proof', async () => {
    const { answer, recorded } = await begin(await payer({ outcome: 'walks-away' }));
    expect(answer).toMatchObject({ outcome: 'pending' });
    expect(await inquire(recorded)).toMatchObject({ outcome: 'pending' });
    later(60_000);
    expect(method.remedy({ ...recorded, now })).toEqual({ do: 'reverse' });
    expect(await reverse(recorded)).toEqual({ outcome: 'undone', verified: true, proof: 'closed' });
    expect(await inquire(recorded)).toEqual({ outcome: 'undone', verified: true, proof: 'closed' });
    expect((await ledger()).filter(({ status }) => status === 'approved' || status === 'waiting')).toEqual([]);
  });

  it('waits for a payer who declines: closed, with proof, by the host or by a reversal', async () => {
    const { recorded } = await begin(await payer({ outcome: 'declines', paysAfterQueries: 0 }));
    const found = await inquire(recorded);
    // WeChat Pay calls it failed and asks for a reversal, until which nothing is decided.
    expect(found).toMatchObject(wallet.id === 'wechat' ? { outcome: 'unknown', reason: 'failed' } : { outcome: 'undone', verified: true, proof: 'closed' });
    later(60_000);
    expect(await reverse(recorded)).toEqual({ outcome: 'undone', verified: true, proof: 'closed' });
    expect((await ledger()).filter(({ status }) => status !== 'closed')).toEqual([]);
  });

  it.each<[string, Fault]>([
    ['is lost', { do: 'drop-answer' }],
    ['is garbled', { do: 'garble' }],
    ['has a signature that does not verify', { do: 'bad-signature' }],
    ['is 502', { do: 'http-status', status: 502 }],
    ['is the one to a repeated copy', { do: 'answer-twice' }],
  ])('an answer that %s is unknown; the inquiry finds the money', async (_name, lost) => {
    await fault({ match: { operation: wallet.pay }, ...lost });
    const { answer, recorded } = await begin(freshCode(wallet.prefix));
    expect(answer).toMatchObject({ outcome: 'unknown' });
    expect(await inquire(recorded)).toMatchObject({ outcome: 'approved', amount: { amountMinor: AMOUNT } });
    expect(await ledger()).toMatchObject([{ reference: recorded.prepared.reference, status: 'approved', amountMinor: AMOUNT }]);
  });

  it('an answer that comes too late is unknown; the inquiry finds the money', async () => {
    await fault({ match: { operation: wallet.pay }, do: 'delay', ms: 60_000 });
    const { answer, recorded } = await begin(freshCode(wallet.prefix), {}, impatient);
    expect(answer).toMatchObject({ outcome: 'unknown', reason: 'no-answer' });
    await expect.poll(() => ledger().then((entries) => entries.length), { timeout: 15_000 }).toBe(1);
    expect(await inquire(recorded)).toMatchObject({ outcome: 'approved', amount: { amountMinor: AMOUNT } });
  });

  it('an answer that is lost and given up: the money is back', async () => {
    await fault({ match: { operation: wallet.pay }, do: 'drop-answer' });
    const { answer, recorded } = await begin(freshCode(wallet.prefix));
    expect(answer).toMatchObject({ outcome: 'unknown' });
    later(60_000);
    expect(await reverse(recorded)).toEqual({ outcome: 'undone', verified: true, proof: 'money-back' });
    const [entry] = await ledger();
    expect(entry).toMatchObject({ reference: recorded.prepared.reference, refundedMinor: AMOUNT });
    expect(entry?.status).not.toBe('approved');
  });

  // Rule 5.
  it('a request that is lost: absent, and an undo without proof', async () => {
    await fault({ match: { operation: wallet.pay }, do: 'drop-request' });
    const { answer, recorded } = await begin(freshCode(wallet.prefix));
    expect(answer).toMatchObject({ outcome: 'unknown', reason: 'no-answer' });
    expect(await inquire(recorded)).toEqual({ outcome: 'absent' });
    later(60_000);
    expect(await reverse(recorded)).toEqual({ outcome: 'undone', verified: true, proof: 'no-original' });
    expect(await inquire(recorded)).toEqual({ outcome: 'absent' });
  });

  it('nothing is sent to a host that refuses connections', async () => {
    await fault({ do: 'refuse-connections' });
    // The fault begins with the next connection it sees.
    const first = await begin(freshCode(wallet.prefix));
    const second = first.answer.outcome === 'not-sent' ? first : await begin(freshCode(wallet.prefix));
    expect(second.answer).toMatchObject({ outcome: 'not-sent' });
    expect((await ledger()).map(({ reference }) => reference)).not.toContain(second.recorded.prepared.reference);
  });

  it('a refusal declines with a hint; a code is good for one payment', async () => {
    await fault({ match: { operation: wallet.pay }, do: 'decline', code: wallet.declineCode });
    const { answer } = await begin(freshCode(wallet.prefix));
    expect(answer).toMatchObject({ outcome: 'declined', verified: true, code: wallet.declineCode, again: 'new-input', hint: { zh: expect.stringContaining('余额不足') } });
    const code = freshCode(wallet.prefix);
    expect((await begin(code)).answer).toMatchObject({ outcome: 'approved' });
    expect((await begin(code)).answer).toMatchObject({ outcome: 'declined', again: 'new-input' });
    expect((await ledger()).filter(({ status }) => status === 'approved')).toHaveLength(1);
  });

  it('a refusal that is not verified declines nothing', async () => {
    await fault({ match: { operation: wallet.pay }, do: 'http-status', status: 403 });
    expect((await begin(freshCode(wallet.prefix))).answer).toMatchObject({ outcome: 'unknown' });
  });

  it('a paid sale is refunded in parts, each under its own number', async () => {
    const { answer, recorded } = await begin(freshCode(wallet.prefix));
    expect(answer).toMatchObject({ outcome: 'approved' });
    const original = { ...recorded, approved: answer as Extract<Answer, { outcome: 'approved' }>, completed: true };
    expect(method.remedy(original)).toEqual({ do: 'refund', amount: { amountMinor: AMOUNT, currency: 'CNY' } });
    for (const part of [888, 8_000]) {
      const refund = await begin('', { operation: 'refund', amount: money(part, 'CNY'), original, arguments: {} });
      expect(['approved', 'pending']).toContain(refund.answer.outcome);
      expect(await inquire(refund.recorded)).toMatchObject({ outcome: 'approved', amount: { amountMinor: part } });
    }
    expect(await ledger()).toMatchObject([{ reference: recorded.prepared.reference, refundedMinor: AMOUNT }]);
    const beyond = await begin('', { operation: 'refund', amount: money(1, 'CNY'), original, arguments: {} });
    expect(beyond.answer.outcome).not.toBe('approved');
  });

  describe("merchant's QR", () => {
    const qr: JsonObject = { mode: 'merchant-qr' };

    it('is shown, scanned and paid', async () => {
      const { answer, recorded } = await begin('', { arguments: qr });
      expect(answer).toMatchObject({ outcome: 'pending', waitingFor: 'payer', show: { qr: expect.stringMatching(/^(https:\/\/qr\.alipay\.com\/|weixin:\/\/)/) } });
      expect(await inquire(recorded)).toEqual({ outcome: 'pending', waitingFor: 'payer' });
      await tell('/scan', { reference: recorded.prepared.reference, outcome: 'pays' });
      expect(await inquire(recorded)).toMatchObject({ outcome: 'approved', amount: { amountMinor: AMOUNT } });
    });

    it('given up unscanned is closed for good', async () => {
      const { recorded } = await begin('', { arguments: qr });
      later(61_000);
      expect(await reverse(recorded)).toMatchObject({ outcome: 'undone' });
      const scan = await fetch(`${wallet.control(hosts)}/scan`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ reference: recorded.prepared.reference, outcome: 'pays' }) });
      expect(scan.status).toBeGreaterThanOrEqual(400);
      expect((await ledger()).filter(({ status }) => status === 'approved')).toEqual([]);
    });

    it('paid just before it is given up: the money is back', async () => {
      const { recorded } = await begin('', { arguments: qr });
      await tell('/scan', { reference: recorded.prepared.reference, outcome: 'pays' });
      later(61_000);
      // Money on its way back is not yet back: the undo is tried until it is.
      const first = await reverse(recorded);
      const last = first.outcome === 'undone' ? first : await reverse(recorded);
      expect(last).toEqual({ outcome: 'undone', verified: true, proof: 'money-back' });
      expect(await ledger()).toMatchObject([{ refundedMinor: AMOUNT }]);
    });
  });

  if (wallet.id !== 'wechat') return;
  it('is not reversed while the payer is paying, and gives back what was paid meanwhile', async () => {
    const { recorded } = await begin(await payer({ password: 'needed', paysAfterQueries: 0 }));
    expect(await reverse(recorded)).toMatchObject({ outcome: 'not-now', retryAt: now + 16_000 });
    later(16_000);
    expect(await reverse(recorded)).toMatchObject({ outcome: 'not-now' });
    expect(await inquire(recorded)).toMatchObject({ outcome: 'approved' });
    expect(await reverse(recorded)).toEqual({ outcome: 'undone', verified: true, proof: 'money-back' });
  });
});
