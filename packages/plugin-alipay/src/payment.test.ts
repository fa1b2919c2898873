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

const made = (plugin: Plugin, wanted: { readonly id: symbol }, now = () => NOW, at: typeof terminal = terminal): unknown => {
  const found = plugin.provides.find((each) => each.token.id === wanted.id);
  if (found?.how.kind !== 'factory') throw new Error('not provided');
  return (found.how.make as (...needs: unknown[]) => unknown)({ now, until: () => Promise.resolve() }, at);
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
        expect(prepared.reference).toMatch(each.operation === 'refund' ? /^AR260103[0-9a-f]{24}$/ : /^AS260103[0-9a-f]{24}$/);
        expect(prepared).toMatchObject({ lane: `alipay:${prepared.reference}`, dataVersion: 1 });
        expect(JSON.stringify(prepared)).not.toContain(CODE.slice(2, 10));
        return prepared.reference;
      }),
    );
    expect(new Set(references).size).toBe(4);
    expect((await method.prepare(request(), live)).prepared.reference).toBe(references[0]);
    expect(calls).toEqual([]);
  });

  it('another merchant, terminal or number of a terminal has other numbers for the same payment', async () => {
    const tills = [terminal, { ...terminal, mid: '898000000000002' }, { ...terminal, tid: '00000002' }].map((at) => made(alipay(options()), PaymentMethod, undefined, at) as PaymentMethod);
    const numbers = await Promise.all([...tills.map((till) => till.prepare(request(), live)), methodOf().prepare(request({ terminalId: 'T2' }), live)]);
    expect(new Set(numbers.map(({ prepared }) => prepared.reference.slice(8))).size).toBe(4);
  });

  it.each(['', '123', '2800123456789', '280012345678901', '2800123456789012345678901', '310012345678901234', '28001234567890123a', 17, null])('refuses %j as no code of Alipay', async (code) => {
    const error = await failing(code);
    expect(error.error).toBe('Payer.CodeInvalid');
    expect(error.details).toEqual({ hint: { zh: '付款码无法识别，请扫描支付宝付款码', en: expect.any(String) } });
  });
  it("tells WeChat Pay's code, so that the cashier can switch", async () => {
    const error = await failing('130012345678901234');
    expect([error.error, error.details]).toMatchObject(['Payer.CodeInvalid', { wallet: 'wechat', hint: { zh: expect.stringContaining('微信') } }]);
    for (const code of ['1300123456789012345', '91300123456789012345', '13001234567890123x']) expect((await failing(code)).details).not.toHaveProperty('wallet');
  });
  it('takes a code as a scanner ends it, with a line break', async () => {
    const { calls, gateway } = scripted({ code: '10003' });
    const method = methodOf({ gateway });
    const ended = liveWith(`${CODE}\r\n`);
    await method.submit(request(), (await method.prepare(request(), ended)).prepared, ended);
    expect(calls[0]?.content).toMatchObject({ auth_code: CODE });
  });
  it('needs a code, a living one, and yuan', async () => {
    for (const none of [{}, { code: null }]) expect((await failing(CODE, { arguments: none })).error).toBe('Payer.CodeInvalid');
    expect((await failing(undefined)).error).toBe('Sensitive.Lost');
    expect((await failing(CODE, { amount: money(100, 'USD') })).error).toBe('Payment.CurrencyUnsupported');
    expect((await failing(CODE, { operation: 'refund' })).error).toBe('Payment.NotSent');
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
  for (const part of ['sensitive', 'kind', 'view'] as const) expect(valid({ code: { ...scanned, [part]: undefined } })).toBe(false);
  expect([valid({ code: CODE }), valid({ code: { ...scanned, sensitive: 1 } }), valid({ code: { ...scanned, view: '28' } }), valid({ mode: 'payer-code' })]).toEqual([false, false, false, true]);
  expect([valid({ code: CODE }), valid({ code: { ...scanned, kind: 'card' } }), valid({ mode: 'x' }), valid({ extra: 1 })]).toEqual([false, false, false, false]);
  expect(method).toMatchObject({ id: 'alipay', needs: 'payer-code', merchantQr: true, payerCode: { prefixes: ['25', '26', '27', '28', '29', '30'], minLength: 16, maxLength: 24 } });
  expect(Object.keys(method.errors ?? {})).toEqual(['Payer.CodeInvalid', 'Payment.CurrencyUnsupported']);
  expect(method.capabilities).toEqual({ operations: ['sale', 'refund'], inquiry: true, reversal: true, completion: false, partialApproval: false, movesMoney: true });
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
    expect(calls).toEqual([
      {
        method: 'alipay.trade.precreate',
        timeoutMs: method.policy.answerWithinMs,
        content: {
          out_trade_no: prepared.reference,
          total_amount: '88.88',
          subject: 'Corner   Shop',
          terminal_id: '00000001',
          operator_id: '01',
          time_expire: '2026-01-03 04:01:00',
          qr_code_timeout_express: '1m',
        },
      },
    ]);
  });

  it.each([
    [59_999, undefined],
    [119_999, '1m'],
    [120_000, '2m'],
  ])('counts the life of a QR in whole minutes, and in none below one (polling for %i ms)', async (polled, express) => {
    const { calls, gateway } = scripted();
    const method = methodOf({ gateway, policy: { inquireAtMs: [polled] } });
    const asked = request({ arguments: { mode: 'merchant-qr' } });
    await method.submit(asked, (await method.prepare(asked, live)).prepared, live);
    const { time_expire: end, qr_code_timeout_express: minutes } = calls[0]?.content ?? {};
    expect([end, minutes]).toEqual([expect.stringMatching(/^2026-01-03 04:0[0-2]:\d\d$/), express]);
  });

  // The lengths that Alipay takes: 256 characters of a title, 28 of an operator.
  it('names itself so that Alipay takes it', async () => {
    const content = async (more: Partial<AlipayOptions>, asked = request()) => {
      const { calls, gateway } = scripted();
      const method = methodOf({ gateway, ...more });
      await method.submit(asked, (await method.prepare(asked, live)).prepared, live);
      return calls[0]?.content ?? {};
    };
    expect(await content({ subject: ' \u0007/Tea=& ' })).toMatchObject({ subject: 'Tea' });
    expect(await content({ subject: '&' })).toMatchObject({ subject: 'POS' });
    expect(String((await content({ subject: '茶'.repeat(300) }))['subject']).length).toBeLessThanOrEqual(256);
    expect(await content({ subject: `${'茶'.repeat(127)}🍵` })).toMatchObject({ subject: '茶'.repeat(127) });
    expect(await content({}, request({ operatorId: '' }))).not.toHaveProperty('operator_id');
    expect(await content({}, request({ operatorId: '7'.repeat(29) }))).toMatchObject({ operator_id: '7'.repeat(28) });
    expect(await content({})).not.toHaveProperty('store_id');
  });

  // Rule 3.
  it('believes only what is said of its own application and seller', async () => {
    const paidTo = async (said: JsonObject, more: Partial<AlipayOptions>) => {
      const number = (await methodOf().prepare(request(), live)).prepared.reference;
      const method = methodOf({ gateway: scripted({ code: '10000', out_trade_no: number, total_amount: '88.88', trade_no: 'N1', ...said }).gateway, ...more });
      return (await method.submit(request(), (await method.prepare(request(), live)).prepared, live)).outcome;
    };
    expect(await paidTo({ app_id: '2021', seller_id: '2088' }, { sellerId: '2088' })).toBe('approved');
    expect(await paidTo({ seller_id: '2099' }, { sellerId: '2088' })).toBe('unknown');
    expect(await paidTo({ app_id: '2022' }, {})).toBe('unknown');
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

  it('an inquiry and a cancel name the order, and wait no longer than an answer may take', async () => {
    const { calls, gateway } = scripted();
    const patient = methodOf({ gateway });
    const sale = await recordedOf(patient);
    await patient.inquire?.(sale);
    await methodOf({ gateway, policy: { answerWithinMs: 1_000 } }).reverse?.(sale, 'timed-out', 1);
    expect(calls).toEqual([
      { method: 'alipay.trade.query', content: { out_trade_no: sale.prepared.reference }, timeoutMs: 5_000 },
      { method: 'alipay.trade.cancel', content: { out_trade_no: sale.prepared.reference }, timeoutMs: 1_000 },
    ]);
  });

  // Rule 5.
  it('a cancel without an action looks again, and proves nothing for a trade that never was', async () => {
    const { calls, gateway } = scripted({ code: '10000', retry_flag: 'N' }, { code: '40004', sub_code: 'ACQ.TRADE_NOT_EXIST' });
    const method = methodOf({ gateway });
    const qr = await recordedOf(method, request({ arguments: { mode: 'merchant-qr' } }));
    expect(await method.reverse?.(qr, 'timed-out', 1)).toEqual({ outcome: 'undone', verified: true, proof: 'no-original' });
    const content = { out_trade_no: qr.prepared.reference };
    expect(calls.map((call) => [call.method, call.content])).toEqual([['alipay.trade.cancel', content], ['alipay.trade.query', content]]);
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
    expect(await at({ now: NOW + day })).toEqual({ do: 'reverse' });
    expect(await at({ approved, completed: true })).toEqual({ do: 'refund', amount: approved.amount });
    expect(await at({ approved, now: NOW + day + 1 })).toEqual({ do: 'refund', amount: approved.amount });
    expect(await at({ now: NOW + day + 1 })).toMatchObject({ do: 'ask-person' });
    const refund = await recordedOf(method, request({ operation: 'refund', original: await recordedOf(method) }));
    expect(method.remedy(refund)).toMatchObject({ do: 'ask-person' });
    expect(await method.reverse?.(refund, 'timed-out', 1)).toEqual({ outcome: 'refused', code: 'REFUND_HAS_NO_REVERSAL' });
  });

  it('a refund keeps its number, and is found by it', async () => {
    const sale = await recordedOf(methodOf());
    const { reference } = sale.prepared;
    const found = (number: string) => ({ code: '10000', out_request_no: number, refund_amount: '88.88', refund_status: 'REFUND_SUCCESS' });
    const number = (await methodOf().prepare(request({ operation: 'refund', attempt: 2, original: sale, arguments: {} }), live)).prepared.reference;
    const { calls, gateway } = scripted({ code: '10000', out_trade_no: reference, fund_change: 'Y', refund_fee: '88.88' }, { code: '10000' }, found(number), found(reference));
    const method = methodOf({ gateway });
    const asked = request({ operation: 'refund', attempt: 2, original: sale, arguments: {} });
    const refund = await recordedOf(method, asked);
    expect(await method.submit(asked, refund.prepared, live)).toMatchObject({ outcome: 'approved', amount: { amountMinor: 8888 }, facts: { reference: number } });
    expect(await method.inquire?.(refund)).toEqual({ outcome: 'absent' });
    expect(await method.inquire?.(refund)).toMatchObject({ outcome: 'approved', amount: { amountMinor: 8888 }, facts: { reference: number } });
    expect(await method.inquire?.(refund)).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
    const numbers = { out_trade_no: reference, out_request_no: refund.prepared.reference };
    expect(calls.map((call) => [call.method, call.content])).toEqual([
      ['alipay.trade.refund', { ...numbers, refund_amount: '88.88' }],
      ['alipay.trade.fastpay.refund.query', numbers],
      ['alipay.trade.fastpay.refund.query', numbers],
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
    expect(host.seen).toMatchObject([{ method: 'alipay.trade.query', content: { out_trade_no: 'HEALTHCHECK0' }, signatureFits: true }]);
    // Nothing but this way to pay stands still when it fails.
    expect(made(alipay(options()), HealthCheck)).toMatchObject({ name: 'alipay:gateway', scope: { method: 'alipay' } });
    expect(await check({ alipayPublicKey: strangerKeys.publicKey })).toMatchObject({ ok: false, hint: { en: expect.stringContaining('public key') } });
    for (const code of ['20001', '40001', '40002', '40006']) {
      host.respond = answering({ code, sub_code: 'isv.something' });
      expect(await check()).toMatchObject({ ok: false, hint: { en: expect.stringContaining('application') } });
    }
    host.respond = (_seen, response) => void response.writeHead(502).end();
    expect(await check()).toMatchObject({ ok: false, hint: { en: expect.stringContaining('out of order') } });
    await host.close();
    expect(await check()).toMatchObject({ ok: false, hint: { en: expect.stringContaining('network') } });
  });
});

