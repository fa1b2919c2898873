import { ActionError, HealthCheck, money, PaymentMethod, Sensitive } from '@tillwright/core/contract';
import type { ActionError as ActionErrorType, Approved, JsonObject, Live, PaymentRequest, Plugin, Recorded, SensitiveReference, Vault } from '@tillwright/core/contract';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alipay } from './index.js';
import type { AlipayCall, AlipayHeard, AlipayOptions } from './index.js';
import { alipayKeys, answering, appKeys, startTestGateway, strangerKeys } from './test-gateway.js';
import type { TestGateway } from './test-gateway.js';

const CODE = '280012345678901234';
const NOW = Date.UTC(2026, 0, 2, 20, 0, 0, 500);
const terminal = { id: 'T1', tid: '00000001', mid: '898000000000001', name: 'Corner & Shop', operatorId: '01' };
const scanned: SensitiveReference = { sensitive: 's1', kind: 'payer-code', view: { masked: '28**************34' } };

const vaultWith = (code: unknown): Vault => ({
  put: () => scanned,
  take: <T>(_reference: unknown, kind: string): Sensitive<T> => {
    if (kind !== 'payer-code' || code === undefined) throw new ActionError('Sensitive.Lost', 'gone');
    return new Sensitive(code as T);
  },
  forget: () => undefined,
});
const liveWith = (code: unknown): Live => ({ vault: vaultWith(code), signal: new AbortController().signal, show: () => undefined });
const live = liveWith(CODE);

const made = (plugin: Plugin, wanted: { readonly id: symbol }, now = () => NOW): unknown => {
  const found = plugin.provides.find((each) => each.token.id === wanted.id);
  if (found?.how.kind !== 'factory') throw new Error('not provided');
  return (found.how.make as (...needs: unknown[]) => unknown)({ now, until: () => Promise.resolve() }, terminal);
};
const options = (more: Partial<AlipayOptions> = {}): AlipayOptions => ({ appId: '2021', privateKey: appKeys.privateKey, alipayPublicKey: alipayKeys.publicKey, ...more });
const methodOf = (more: Partial<AlipayOptions> = {}, now?: () => number): PaymentMethod => made(alipay(options(more)), PaymentMethod, now) as PaymentMethod;

const request = (more: Partial<PaymentRequest> = {}): PaymentRequest => ({
  paymentId: 'pay-1',
  attempt: 1,
  operation: 'sale',
  amount: money(8888, 'CNY'),
  terminalId: 'T1',
  operatorId: '01',
  allowPartial: false,
  arguments: { code: scanned },
  ...more,
});

/** A gateway that is a list of answers. */
const scripted = (...answers: readonly (JsonObject | AlipayHeard)[]) => {
  const calls: AlipayCall[] = [];
  const left = [...answers];
  return {
    calls,
    gateway: (call: AlipayCall): Promise<AlipayHeard> => {
      calls.push(call);
      const next = left.shift() ?? { heard: 'silence', sent: true, reason: 'no-answer', why: 'nothing left' };
      return Promise.resolve('heard' in next ? (next as AlipayHeard) : { heard: 'answer', body: next });
    },
  };
};
const recordedOf = async (method: PaymentMethod, asked = request(), more: Partial<Recorded> = {}): Promise<Recorded> => ({
  request: asked,
  prepared: (await method.prepare(asked, live)).prepared,
  submittedAt: NOW,
  completed: false,
  now: NOW,
  ...more,
});

const failing = async (code: unknown, more: Partial<PaymentRequest> = {}): Promise<ActionErrorType> => {
  const error = await methodOf().prepare(request(more), liveWith(code)).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!ActionError.is(error)) throw new Error('no ActionError');
  expect(JSON.stringify([error.message, error.details])).not.toMatch(/\d{6}/);
  return error;
};

const paid = (seen: { content: { readonly [name: string]: unknown } }) => ({ code: '10000', out_trade_no: seen.content['out_trade_no'], total_amount: seen.content['total_amount'], trade_no: 'N1' });

describe('prepare is local', () => {
  it('gives each attempt its own number and lane, and logs nothing of the code', async () => {
    const { calls, gateway } = scripted();
    const method = methodOf({ gateway });
    const references = await Promise.all(
      [request(), request({ attempt: 2 }), request({ paymentId: 'pay-2' }), request({ operation: 'refund', original: await recordedOf(method) })].map(async (each) => {
        const { prepared } = await method.prepare(each, live);
        expect(prepared.reference).toMatch(/^A[SR]260103[0-9a-f]{24}$/);
        expect(prepared.lane).toBe(`alipay:${prepared.reference}`);
        expect(JSON.stringify(prepared)).not.toContain(CODE.slice(2, 10));
        return prepared.reference;
      }),
    );
    expect(new Set(references).size).toBe(4);
    expect((await method.prepare(request(), live)).prepared.reference).toBe(references[0]);
    expect(calls).toEqual([]);
  });

  it.each(['', '123', '2800123456789', '2800123456789012345678901', '310012345678901234', '28001234567890123a', 17, null])('refuses %j as no code of Alipay', async (code) => {
    const error = await failing(code);
    expect(error.error).toBe('Payer.CodeInvalid');
    expect(error.details['hint']).toMatchObject({ zh: expect.stringContaining('支付宝') });
  });
  it("tells WeChat Pay's code, so that the cashier can switch", async () => {
    expect((await failing('130012345678901234')).details).toMatchObject({ wallet: 'wechat', hint: { zh: expect.stringContaining('微信') } });
  });
  it('needs a code, a living one, and yuan', async () => {
    expect((await failing(CODE, { arguments: {} })).error).toBe('Payer.CodeInvalid');
    expect((await failing(undefined)).error).toBe('Sensitive.Lost');
    expect((await failing(CODE, { amount: money(100, 'USD') })).error).toBe('Payment.CurrencyUnsupported');
  });
  it.each(['25', '26', '27', '28', '29', '30'])('takes prefix %s, 16 to 24 digits', async (prefix) => {
    for (const length of [16, 24]) await methodOf().prepare(request(), liveWith(prefix.padEnd(length, '7')));
  });

  // Rule 19.
  it("lets a merchant's QR expire no later than polling ends", async () => {
    const method = methodOf();
    const { prepared } = await method.prepare(request({ arguments: { mode: 'merchant-qr' } }), liveWith(undefined));
    const pollingEnds = NOW + Math.max(...method.policy.inquireAtMs);
    expect(prepared.hostExpiryMs).toBeLessThanOrEqual(pollingEnds);
    expect(prepared.hostExpiryMs).toBeGreaterThan(pollingEnds - 1_000);
    expect((await method.prepare(request(), live)).prepared.hostExpiryMs).toBeUndefined();
  });
});

it('its arguments are a strict schema, its errors have hints, its lists are finite', () => {
  const method = methodOf();
  const valid = new Ajv2020({ strict: true }).compile(method.arguments);
  expect([valid({ code: scanned }), valid({ mode: 'merchant-qr' }), valid({})]).toEqual([true, true, true]);
  expect([valid({ code: CODE }), valid({ code: { ...scanned, kind: 'card' } }), valid({ mode: 'x' }), valid({ extra: 1 })]).toEqual([false, false, false, false]);
  expect(method.capabilities).toMatchObject({ inquiry: true, reversal: true, completion: false, movesMoney: true });
  expect(method.policy.inquireAtMs).toEqual([...method.policy.inquireAtMs].sort((a, b) => a - b));
  expect(methodOf({ policy: { inquireAtMs: [1], reverse: { laneAttempts: 2 } } }).policy).toMatchObject({ inquireAtMs: [1], reverse: { laneAttempts: 2, withinMs: 86_400_000 } });
});

describe('submit', () => {
  it('sends one pay with the code, and reads its answer', async () => {
    const { calls, gateway } = scripted({ code: '10003' });
    const method = methodOf({ gateway, storeId: 'S1' });
    const { prepared } = await method.prepare(request(), live);
    expect(await method.submit(request(), prepared, live)).toEqual({ outcome: 'pending', waitingFor: 'payer' });
    expect(calls).toEqual([
      {
        method: 'alipay.trade.pay',
        timeoutMs: method.policy.answerWithinMs,
        content: {
          out_trade_no: prepared.reference,
          total_amount: '88.88',
          subject: 'Corner   Shop',
          terminal_id: '00000001',
          operator_id: '01',
          store_id: 'S1',
          auth_code: CODE,
          scene: 'bar_code',
          product_code: 'FACE_TO_FACE_PAYMENT',
        },
      },
    ]);
  });

  it('sends nothing when the code died in between', async () => {
    const { calls, gateway } = scripted();
    const method = methodOf({ gateway });
    const { prepared } = await method.prepare(request(), live);
    expect(await method.submit(request(), prepared, liveWith(undefined))).toMatchObject({ outcome: 'not-sent' });
    expect(calls).toEqual([]);
  });

  it('asks for a QR that ends with the polling', async () => {
    const { calls, gateway } = scripted({ code: '10000', out_trade_no: 'other' });
    const method = methodOf({ gateway });
    const asked = request({ arguments: { mode: 'merchant-qr' } });
    const { prepared } = await method.prepare(asked, live);
    expect(await method.submit(asked, prepared, live)).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
    expect(calls[0]).toMatchObject({ method: 'alipay.trade.precreate', content: { time_expire: '2026-01-03 04:01:00', qr_code_timeout_express: '1m' } });
    expect(calls[0]?.content).not.toHaveProperty('auth_code');
  });

  it('a gateway that throws may have sent', async () => {
    const method = methodOf({ gateway: () => Promise.reject(new Error(CODE)) });
    const { prepared } = await method.prepare(request(), live);
    const answer = await method.submit(request(), prepared, live);
    expect(answer).toMatchObject({ outcome: 'unknown', reason: 'no-answer' });
    expect(JSON.stringify(answer)).not.toContain(CODE);
  });
});

describe('asking and undoing', () => {
  it('"no such trade" is "not yet" for a QR until it has expired', async () => {
    const missing = { code: '40004', sub_code: 'ACQ.TRADE_NOT_EXIST' };
    let now = NOW;
    const method = methodOf({ gateway: scripted(missing, missing, missing).gateway }, () => now);
    const qr = await recordedOf(method, request({ arguments: { mode: 'merchant-qr' } }));
    expect(await method.inquire?.(qr)).toEqual({ outcome: 'pending', waitingFor: 'payer' });
    now = (qr.prepared.hostExpiryMs ?? 0) + 1;
    expect(await method.inquire?.(qr)).toEqual({ outcome: 'absent' });
    expect(await method.inquire?.(await recordedOf(method))).toEqual({ outcome: 'absent' });
  });

  // Rule 5.
  it('a cancel without an action looks again, and proves nothing for a trade that never was', async () => {
    const { calls, gateway } = scripted({ code: '10000', retry_flag: 'N' }, { code: '40004', sub_code: 'ACQ.TRADE_NOT_EXIST' });
    const method = methodOf({ gateway });
    expect(await method.reverse?.(await recordedOf(method, request({ arguments: { mode: 'merchant-qr' } })), 'timed-out', 1)).toEqual({ outcome: 'undone', verified: true, proof: 'no-original' });
    expect(calls.map((call) => call.method)).toEqual(['alipay.trade.cancel', 'alipay.trade.query']);
  });

  it('a cancel with an action is one request', async () => {
    const { calls, gateway } = scripted({ code: '10000', retry_flag: 'N', action: 'refund' });
    const method = methodOf({ gateway });
    expect(await method.reverse?.(await recordedOf(method), 'timed-out', 1)).toMatchObject({ outcome: 'undone', proof: 'money-back' });
    expect(calls).toHaveLength(1);
  });

  it('a cancel that could not leave is not-sent', async () => {
    const method = methodOf({ gateway: scripted({ heard: 'silence', sent: false, reason: 'no-answer', why: 'w' }).gateway });
    expect(await method.reverse?.(await recordedOf(method), 'timed-out', 1)).toEqual({ outcome: 'not-sent', why: 'w' });
  });

  it('the remedy: cancel what is undecided, refund what is known to be paid, a person for the rest', async () => {
    const method = methodOf();
    const approved: Approved = { outcome: 'approved', verified: true, amount: money(8888, 'CNY'), completion: 'none', facts: { receipt: [] } };
    const day = 24 * 3_600_000;
    const at = (more: Partial<Recorded>) => recordedOf(method, request(), more).then((recorded) => method.remedy(recorded));
    expect(await at({})).toEqual({ do: 'reverse' });
    expect(await at({ approved })).toEqual({ do: 'reverse' });
    expect(await at({ approved, completed: true })).toEqual({ do: 'refund', amount: approved.amount });
    expect(await at({ approved, now: NOW + day + 1 })).toEqual({ do: 'refund', amount: approved.amount });
    expect(await at({ now: NOW + day + 1 })).toMatchObject({ do: 'ask-person' });
    const refund = await recordedOf(method, request({ operation: 'refund', original: await recordedOf(method) }));
    expect(method.remedy(refund)).toMatchObject({ do: 'ask-person' });
    expect(await method.reverse?.(refund, 'timed-out', 1)).toMatchObject({ outcome: 'refused' });
  });

  it('a refund keeps its number, and is found by it', async () => {
    const sale = await recordedOf(methodOf());
    const { reference } = sale.prepared;
    const { calls, gateway } = scripted({ code: '10000', out_trade_no: reference, fund_change: 'Y', refund_fee: '88.88' }, { code: '10000' });
    const method = methodOf({ gateway });
    const asked = request({ operation: 'refund', attempt: 2, original: sale, arguments: {} });
    const refund = await recordedOf(method, asked);
    expect(await method.submit(asked, refund.prepared, live)).toMatchObject({ outcome: 'approved', amount: { amountMinor: 8888 } });
    expect(await method.inquire?.(refund)).toEqual({ outcome: 'absent' });
    const numbers = { out_trade_no: reference, out_request_no: refund.prepared.reference };
    expect(calls.map((call) => [call.method, call.content])).toEqual([
      ['alipay.trade.refund', { ...numbers, refund_amount: '88.88' }],
      ['alipay.trade.fastpay.refund.query', numbers],
    ]);
  });
});

describe('on the SDK, over HTTP', () => {
  let host: TestGateway;
  beforeEach(async () => {
    host = await startTestGateway();
  });
  afterEach(() => host.close());

  it('pays, refuses, and stays unknown as the answers tell', async () => {
    const method = methodOf({ gatewayUrl: host.url });
    const outcomes: string[] = [];
    const submit = async () => {
      const { prepared } = await method.prepare(request(), live);
      const answer = await method.submit(request(), prepared, live);
      outcomes.push('reason' in answer ? `${answer.outcome} ${answer.reason}` : answer.outcome);
    };
    host.respond = answering(paid);
    await submit();
    host.respond = answering((seen) => ({ ...paid(seen), total_amount: '88.89' }));
    await submit();
    host.respond = answering({ code: '40004', sub_code: 'ACQ.BUYER_BALANCE_NOT_ENOUGH' });
    await submit();
    host.respond = answering({ code: '20000', sub_code: 'ACQ.SYSTEM_ERROR' });
    await submit();
    host.respond = (seen, response) => void response.end(`{"${seen.method.replaceAll('.', '_')}_response":{"code":"40004","sub_code":"ACQ.BUYER_BALANCE_NOT_ENOUGH"}}`);
    await submit();
    expect(outcomes).toEqual(['approved', 'unknown mismatch', 'declined', 'unknown host-error', 'unknown unverified']);
    expect(host.seen).toHaveLength(5);
  });

  it('the self-check tells the line, the keys and the setup apart', async () => {
    const check = (more: Partial<AlipayOptions> = {}) => (made(alipay(options({ gatewayUrl: host.url, ...more })), HealthCheck) as HealthCheck).check(new AbortController().signal);
    host.respond = answering({ code: '40004', sub_code: 'ACQ.TRADE_NOT_EXIST' });
    expect(await check()).toEqual({ ok: true });
    expect(await check({ alipayPublicKey: strangerKeys.publicKey })).toMatchObject({ ok: false, hint: { en: expect.stringContaining('public key') } });
    host.respond = answering({ code: '40002', sub_code: 'isv.invalid-signature' });
    expect(await check()).toMatchObject({ ok: false, hint: { en: expect.stringContaining('application') } });
    host.respond = (_seen, response) => void response.writeHead(502).end();
    expect(await check()).toMatchObject({ ok: false, hint: { en: expect.stringContaining('out of order') } });
    await host.close();
    expect(await check()).toMatchObject({ ok: false, hint: { en: expect.stringContaining('network') } });
  });
});

