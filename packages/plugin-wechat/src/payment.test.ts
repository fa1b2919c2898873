import { ActionError, HealthCheck, money, PaymentMethod, Sensitive } from '@tillwright/core/contract';
import type { ActionError as ActionErrorType, Approved, JsonObject, Live, PaymentRequest, Plugin, Recorded, SensitiveReference, Vault } from '@tillwright/core/contract';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wechat } from './index.js';
import type { WechatCall, WechatHeard, WechatOptions } from './index.js';
import { answering, MERCHANT_SERIAL, merchantKeys, PLATFORM_SERIAL, platformKeys, startTestGateway, strangerKeys } from './test-gateway.js';
import type { TestGateway } from './test-gateway.js';

const CODE = '130012345678901234';
const NOW = Date.UTC(2026, 0, 2, 20, 0, 0, 500);
const LATER = NOW + 70_000;
const terminal = { id: 'T1', tid: '00000001', mid: '898000000000001', name: 'Corner Shop', operatorId: '01' };
const scanned: SensitiveReference = { sensitive: 's1', kind: 'payer-code', view: { masked: '13**************34' } };

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
const options = (more: Partial<WechatOptions> = {}): WechatOptions => ({
  appid: 'wx1',
  mchid: '1900',
  serial: MERCHANT_SERIAL,
  privateKey: merchantKeys.privateKey,
  platformKeys: { [PLATFORM_SERIAL]: platformKeys.publicKey },
  ...more,
});
const methodOf = (more: Partial<WechatOptions> = {}, now?: () => number): PaymentMethod => made(wechat(options(more)), PaymentMethod, now) as PaymentMethod;

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
const qrRequest = request({ arguments: { mode: 'merchant-qr' } });

const lost: WechatHeard = { heard: 'silence', sent: true, reason: 'no-answer', why: 'lost' };
const ok = (body: JsonObject, status = 200): WechatHeard => ({ heard: 'answer', status, body });
const no = (code: string, status = 400): WechatHeard => ok({ code }, status);

/** A gateway that is a list of answers. */
const scripted = (...answers: readonly WechatHeard[]) => {
  const calls: WechatCall[] = [];
  const left = [...answers];
  return { calls, gateway: (call: WechatCall): Promise<WechatHeard> => (calls.push(call), Promise.resolve(left.shift() ?? lost)), asked: () => calls.map((call) => `${call.method} ${call.path.replace(/W[SU]\d+[0-9a-f]+/, 'NO')}`) };
};
const recordedOf = async (asked = request(), more: Partial<Recorded> = {}): Promise<Recorded> => ({
  request: asked,
  prepared: (await methodOf().prepare(asked, live)).prepared,
  submittedAt: NOW,
  completed: false,
  now: NOW,
  ...more,
});
const order = (recorded: Recorded, trade_state: string, more: JsonObject = {}): WechatHeard =>
  ok({ appid: 'wx1', mchid: '1900', out_trade_no: recorded.prepared.reference, trade_state, transaction_id: '4200', amount: { total: 8888, currency: 'CNY' }, ...more });

const failing = async (code: unknown, more: Partial<PaymentRequest> = {}): Promise<ActionErrorType> => {
  const error = await methodOf().prepare(request(more), liveWith(code)).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!ActionError.is(error)) throw new Error('no ActionError');
  expect(JSON.stringify([error.message, error.details])).not.toMatch(/\d{6}/);
  return error;
};

describe('prepare is local', () => {
  it('gives each attempt its own number and lane, and logs nothing of the code', async () => {
    const original = await recordedOf();
    const references = await Promise.all(
      [request(), request({ attempt: 2 }), request({ paymentId: 'pay-2' }), request({ operation: 'refund', original })].map(async (each) => {
        const { prepared } = await methodOf().prepare(each, live);
        expect(prepared.reference).toMatch(each.operation === 'refund' ? /^WR260103[0-9a-f]{24}$/ : /^WS260103[0-9a-f]{24}$/);
        expect(prepared).toMatchObject({ lane: `wechat:${prepared.reference}`, dataVersion: 1 });
        expect(JSON.stringify(prepared)).not.toContain(CODE.slice(2, 10));
        return prepared.reference;
      }),
    );
    expect(new Set(references).size).toBe(4);
    expect((await methodOf().prepare(request(), live)).prepared.reference).toBe(references[0]);
  });

  it('another merchant, terminal or number of a terminal has other numbers for the same payment', async () => {
    const tills = [terminal, { ...terminal, mid: '898000000000002' }, { ...terminal, tid: '00000002' }].map((at) => made(wechat(options()), PaymentMethod, undefined, at) as PaymentMethod);
    const numbers = await Promise.all([...tills.map((till) => till.prepare(request(), live)), methodOf().prepare(request({ terminalId: 'T2' }), live)]);
    expect(new Set(numbers.map(({ prepared }) => prepared.reference.slice(8))).size).toBe(4);
  });

  it.each(['', '123', '13001234567890123', '1300123456789012345', '160012345678901234', '13001234567890123a', 17, null])('refuses %j as no code of WeChat Pay', async (code) => {
    const error = await failing(code);
    expect(error.error).toBe('Payer.CodeInvalid');
    expect(error.details).toEqual({ hint: { zh: '付款码无法识别，请扫描微信付款码', en: expect.any(String) } });
  });
  it("tells Alipay's code, so that the cashier can switch", async () => {
    for (const code of ['2500123456789012', '300012345678901234567890', '280012345678901234']) {
      const error = await failing(code);
      expect([error.error, error.details]).toMatchObject(['Payer.CodeInvalid', { wallet: 'alipay', hint: { zh: expect.stringContaining('支付宝') } }]);
    }
    for (const code of ['280012345678901', '2800123456789012345678901', '91280012345678901234', '28001234567890123x']) expect((await failing(code)).details).not.toHaveProperty('wallet');
  });
  it('takes a code as a scanner ends it, with a line break', async () => {
    const { calls, gateway } = scripted(ok({ trade_state: 'USERPAYING' }));
    const method = methodOf({ gateway });
    const ended = liveWith(`${CODE}\r\n`);
    await method.submit(request(), (await method.prepare(request(), ended)).prepared, ended);
    expect(calls[0]?.body).toMatchObject({ payer: { auth_code: CODE } });
  });
  it('needs a code, a living one, and yuan', async () => {
    for (const none of [{}, { code: null }]) expect((await failing(CODE, { arguments: none })).error).toBe('Payer.CodeInvalid');
    expect((await failing(undefined)).error).toBe('Sensitive.Lost');
    expect((await failing(CODE, { amount: money(100, 'USD') })).error).toBe('Payment.CurrencyUnsupported');
    expect((await failing(CODE, { operation: 'refund' })).error).toBe('Payment.NotSent');
  });
  it.each(['10', '11', '12', '13', '14', '15'])('takes prefix %s', async (prefix) => {
    expect(await methodOf().prepare(request(), liveWith(prefix.padEnd(18, '7')))).toHaveProperty('prepared');
  });

  // Rule 19.
  it("lets a merchant's QR expire no later than polling ends, and later than a minute from now", async () => {
    const method = methodOf();
    const { prepared } = await method.prepare(qrRequest, liveWith(undefined));
    const pollingEnds = NOW + Math.max(...method.policy.inquireAtMs);
    expect(prepared.hostExpiryMs).toBeLessThanOrEqual(pollingEnds);
    expect(prepared.hostExpiryMs).toBeGreaterThan(NOW + 60_000);
    expect((await method.prepare(request(), live)).prepared.hostExpiryMs).toBeUndefined();
  });
});

it('its arguments are a strict schema, its lists are finite', () => {
  const method = methodOf();
  const valid = new Ajv2020({ strict: true }).compile(method.arguments);
  expect([valid({ code: scanned }), valid({ mode: 'merchant-qr' }), valid({})]).toEqual([true, true, true]);
  for (const part of ['sensitive', 'kind', 'view'] as const) expect(valid({ code: { ...scanned, [part]: undefined } })).toBe(false);
  expect([valid({ code: { ...scanned, sensitive: 1 } }), valid({ code: { ...scanned, view: '13' } }), valid({ mode: 'payer-code' })]).toEqual([false, false, true]);
  expect(method).toMatchObject({ id: 'wechat', needs: 'payer-code', merchantQr: true, payerCode: { prefixes: ['10', '11', '12', '13', '14', '15'], minLength: 18, maxLength: 18 } });
  expect(method.capabilities).toEqual({ operations: ['sale', 'refund'], inquiry: true, reversal: true, completion: false, partialApproval: false, movesMoney: true });
  expect(Object.keys(method.errors ?? {})).toEqual(['Payer.CodeInvalid', 'Payment.CurrencyUnsupported']);
  expect([valid({ code: CODE }), valid({ code: { ...scanned, kind: 'card' } }), valid({ mode: 'x' }), valid({ extra: 1 })]).toEqual([false, false, false, false]);
  expect(method.policy.inquireAtMs).toEqual([...method.policy.inquireAtMs].sort((a, b) => a - b));
  expect(methodOf({ policy: { inquireAtMs: [1], reverse: { notBeforeMs: 2 } } }).policy).toMatchObject({ inquireAtMs: [1], reverse: { notBeforeMs: 2, withinMs: 604_800_000 } });
});

describe('submit', () => {
  it('sends one codepay with the code, and reads its answer', async () => {
    const { calls, gateway } = scripted(ok({ trade_state: 'USERPAYING' }));
    const method = methodOf({ gateway, deviceIp: '10.0.0.7' });
    const { prepared } = await method.prepare(request(), live);
    expect(await method.submit(request(), prepared, live)).toEqual({ outcome: 'pending', waitingFor: 'payer' });
    expect(calls).toEqual([
      {
        method: 'POST',
        path: 'v3/pay/transactions/codepay',
        timeoutMs: method.policy.answerWithinMs,
        body: {
          appid: 'wx1',
          mchid: '1900',
          description: 'Corner Shop',
          out_trade_no: prepared.reference,
          amount: { total: 8888, currency: 'CNY' },
          payer: { auth_code: CODE },
          scene_info: { device_id: '00000001', device_ip: '10.0.0.7', store_info: { id: '00000001' } },
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
    const { calls, gateway } = scripted(ok({ code_url: 'weixin://x' }));
    const method = methodOf({ gateway });
    const { prepared } = await method.prepare(qrRequest, live);
    expect(await method.submit(qrRequest, prepared, live)).toMatchObject({ outcome: 'pending', show: { qr: 'weixin://x' } });
    expect(prepared.hostExpiryMs).toBe(NOW - 500 + 65_000);
    expect(calls).toEqual([
      {
        method: 'POST',
        path: 'v3/pay/transactions/native',
        timeoutMs: method.policy.answerWithinMs,
        body: {
          appid: 'wx1',
          mchid: '1900',
          description: 'Corner Shop',
          out_trade_no: prepared.reference,
          amount: { total: 8888, currency: 'CNY' },
          notify_url: 'https://notify.invalid/wechat',
          time_expire: '2026-01-03T04:01:05+08:00',
        },
      },
    ]);
  });

  // The length that WeChat Pay takes: 127, and a character of these has three bytes.
  it('names itself so that WeChat Pay takes it', async () => {
    const body = async (more: Partial<WechatOptions>, asked = request()) => {
      const { calls, gateway } = scripted();
      const method = methodOf({ gateway, ...more });
      await method.submit(asked, (await method.prepare(asked, live)).prepared, live);
      return calls[0]?.body ?? {};
    };
    expect(await body({ description: ' \u0007Tea\u202e🍵\n ' })).toMatchObject({ description: 'Tea 🍵' });
    expect(await body({ description: '\u0007' })).toMatchObject({ description: 'POS' });
    expect(Buffer.byteLength(String((await body({ description: '茶'.repeat(200) }))['description']))).toBeLessThanOrEqual(127);
    expect(await body({ description: `${'茶'.repeat(39)}🍵` })).toMatchObject({ description: '茶'.repeat(39) });
    expect(await body({ storeId: 'S1' })).toMatchObject({ scene_info: { device_id: '00000001', store_info: { id: 'S1' } } });
    expect((await body({}))['scene_info']).not.toHaveProperty('device_ip');
    expect(await body({ notifyUrl: 'https://shop.example/notify' }, qrRequest)).toMatchObject({ notify_url: 'https://shop.example/notify' });
  });

  it('a gateway that throws may have sent', async () => {
    const method = methodOf({ gateway: () => Promise.reject(new Error(CODE)) });
    const { prepared } = await method.prepare(request(), live);
    const answer = await method.submit(request(), prepared, live);
    expect(answer).toMatchObject({ outcome: 'unknown', reason: 'no-answer' });
    expect(JSON.stringify(answer)).not.toContain(CODE);
  });
});

describe('undoing', () => {
  const undo = async (recorded: Recorded, ...answers: readonly WechatHeard[]) => {
    const { asked, calls, gateway } = scripted(...answers);
    const answer = await methodOf({ gateway }, () => LATER).reverse?.(recorded, 'timed-out', 1);
    return { answer, asked: asked(), calls };
  };
  const REVERSE = 'POST v3/pay/transactions/out-trade-no/NO/reverse';
  const CLOSE = 'POST v3/pay/transactions/out-trade-no/NO/close';
  const QUERY = 'GET v3/pay/transactions/out-trade-no/NO';

  it('not before its time: no request', async () => {
    const { calls, gateway } = scripted();
    const answer = await methodOf({ gateway }, () => NOW + 15_999).reverse?.(await recordedOf(), 'cancelled', 1);
    expect(answer).toMatchObject({ outcome: 'not-now', retryAt: NOW + 16_000 });
    expect(calls).toEqual([]);
  });

  // Rule 5.
  it('success is believed only as the order stands afterwards', async () => {
    const sale = await recordedOf();
    const closed = await undo(sale, ok({ out_trade_no: sale.prepared.reference }), order(sale, 'REVOKED'));
    expect(closed).toMatchObject({ answer: { outcome: 'undone', proof: 'closed' }, asked: [REVERSE, QUERY] });
    expect(closed.calls).toMatchObject([{ body: { appid: 'wx1', mchid: '1900' }, timeoutMs: 5_000 }, { query: { mchid: '1900' }, timeoutMs: 5_000 }]);
    expect((await undo(sale, ok({}), order(sale, 'REVOKED', { success_time: '2026-01-03T04:00:00+08:00' }))).answer).toMatchObject({ outcome: 'undone', proof: 'money-back' });
    expect((await undo(sale, ok({}), no('ORDER_NOT_EXIST', 404))).answer).toEqual({ outcome: 'undone', verified: true, proof: 'no-original' });
    for (const state of ['SUCCESS', 'USERPAYING', 'NOTPAY', 'NEW']) expect(await undo(sale, ok({}), order(sale, state))).toMatchObject({ answer: { outcome: 'unknown' }, asked: [REVERSE, QUERY] });
    expect((await undo(sale, ok({}), lost)).answer).toMatchObject({ outcome: 'unknown', reason: 'no-answer' });
    expect((await undo(sale, ok({ out_trade_no: 'other' }))).answer).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
  });

  // Rule 7.
  it('while the payer is paying: not now; paid meanwhile: refunded, at every try under the same number', async () => {
    const sale = await recordedOf();
    expect((await undo(sale, no('USERPAYING'))).answer).toMatchObject({ outcome: 'not-now', retryAt: LATER + 5_000 });
    expect((await undo(sale, no('INVALID_REQUEST'), order(sale, 'USERPAYING'))).answer).toMatchObject({ outcome: 'not-now', retryAt: LATER + 5_000 });
    const number = `WU${sale.prepared.reference.slice(2)}`;
    const refund = (status: string): WechatHeard => ok({ out_refund_no: number, out_trade_no: sale.prepared.reference, status, amount: { refund: 8888, currency: 'CNY' } });
    const first = await undo(sale, no('INVALID_REQUEST'), order(sale, 'SUCCESS'), refund('PROCESSING'));
    expect(first.answer).toEqual({ outcome: 'unknown', reason: 'host-error', why: 'the money is on its way back' });
    expect((await undo(sale, no('INVALID_REQUEST'), order(sale, 'REFUND'), refund('PROCESSING'))).answer).toEqual(first.answer);
    expect((await undo(sale, no('INVALID_REQUEST'), order(sale, 'SUCCESS'), lost)).answer).toMatchObject({ outcome: 'unknown', reason: 'no-answer' });
    expect((await undo(sale, no('INVALID_REQUEST'), order(sale, 'SUCCESS'), { ...lost, sent: false })).answer).toMatchObject({ outcome: 'not-sent' });
    expect(first.calls[2]).toMatchObject({ path: 'v3/refund/domestic/refunds', timeoutMs: 5_000, body: { out_trade_no: sale.prepared.reference, out_refund_no: number, amount: { refund: 8888, total: 8888, currency: 'CNY' } } });
    const second = await undo(sale, no('INVALID_REQUEST'), order(sale, 'REFUND'), refund('SUCCESS'));
    expect(second).toMatchObject({ answer: { outcome: 'undone', verified: true, proof: 'money-back' }, asked: [REVERSE, QUERY, 'GET v3/refund/domestic/refunds/NO'] });
    expect((await undo(sale, no('INVALID_REQUEST'), order(sale, 'SUCCESS'), refund('SUCCESS'))).answer).toMatchObject({ outcome: 'undone', proof: 'money-back' });
    expect((await undo(sale, no('INVALID_REQUEST'), order(sale, 'SUCCESS'), no('NOT_ENOUGH'))).answer).toMatchObject({ outcome: 'not-now', retryAt: LATER + 60_000 });
    expect((await undo(sale, no('INVALID_REQUEST'), order(sale, 'SUCCESS'), no('USER_ACCOUNT_ABNORMAL'))).answer).toEqual({ outcome: 'refused', code: 'USER_ACCOUNT_ABNORMAL' });
  });

  it('refunded by other hands is not taken for undone', async () => {
    const sale = await recordedOf();
    expect((await undo(sale, no('INVALID_REQUEST'), order(sale, 'REFUND'), no('RESOURCE_NOT_EXISTS', 404))).answer).toMatchObject({ outcome: 'unknown' });
    const method = methodOf({ gateway: scripted(order(sale, 'REFUND'), no('RESOURCE_NOT_EXISTS', 404)).gateway });
    expect(await method.inquire?.(sale)).toMatchObject({ outcome: 'unknown' });
  });

  it('a QR is closed, and what was paid meanwhile is given back', async () => {
    const qr = await recordedOf(qrRequest);
    expect(await undo(qr, ok({}, 204), order(qr, 'CLOSED'))).toMatchObject({ answer: { outcome: 'undone', proof: 'closed' }, asked: [CLOSE, QUERY], calls: [{ body: { mchid: '1900' } }, {}] });
    const paid = await undo(qr, no('ORDERPAID'), order(qr, 'SUCCESS'), ok({ out_refund_no: `WU${qr.prepared.reference.slice(2)}`, out_trade_no: qr.prepared.reference, status: 'SUCCESS', amount: { refund: 8888 } }));
    expect(paid).toMatchObject({ answer: { outcome: 'undone', proof: 'money-back' }, asked: [CLOSE, QUERY, 'POST v3/refund/domestic/refunds'] });
  });

  it('a payment that failed is open until it is reversed', async () => {
    const sale = await recordedOf();
    expect(await methodOf({ gateway: scripted(order(sale, 'PAYERROR')).gateway }).inquire?.(sale)).toMatchObject({ outcome: 'unknown', reason: 'failed' });
    expect((await undo(sale, ok({}), order(sale, 'PAYERROR'))).answer).toMatchObject({ outcome: 'undone', proof: 'closed' });
    // Refused, it closes nothing: the payer may be charged yet.
    for (const code of ['INVALID_REQUEST', 'TRADE_ERROR', 'ORDERPAID']) expect((await undo(sale, no(code), order(sale, 'PAYERROR'))).answer).toMatchObject({ outcome: 'unknown', reason: 'failed' });
    // Charged under it all the same: the reversal gives it back.
    expect((await undo(sale, ok({}), order(sale, 'REVOKED', { success_time: '2026-01-03T04:00:00+08:00' }))).answer).toMatchObject({ outcome: 'undone', proof: 'money-back' });
  });

  it('refusals for good are told; what could not leave was not sent', async () => {
    const sale = await recordedOf();
    expect((await undo(sale, no('REVERSE_EXPIRE'))).answer).toEqual({ outcome: 'refused', code: 'REVERSE_EXPIRE' });
    expect((await undo(sale, { heard: 'silence', sent: false, reason: 'no-answer', why: 'w' })).answer).toEqual({ outcome: 'not-sent', why: 'w' });
    expect((await undo(sale, { heard: 'silence', sent: true, reason: 'unverified', why: 'w', status: 403 })).answer).toMatchObject({ outcome: 'unknown', reason: 'unverified' });
  });

  it('the remedy: reverse what is undecided, refund what is known to be paid, a person for the rest', async () => {
    const method = methodOf();
    const approved: Approved = { outcome: 'approved', verified: true, amount: money(8888, 'CNY'), completion: 'none', facts: { receipt: [] } };
    const week = 7 * 24 * 3_600_000;
    const at = (more: Partial<Recorded>) => recordedOf(request(), more).then((recorded) => method.remedy(recorded));
    expect(await at({})).toEqual({ do: 'reverse' });
    expect(await at({ approved })).toEqual({ do: 'reverse' });
    expect(await at({ now: NOW + week })).toEqual({ do: 'reverse' });
    expect(await at({ approved, completed: true })).toEqual({ do: 'refund', amount: approved.amount });
    expect(await at({ approved, now: NOW + week + 1 })).toEqual({ do: 'refund', amount: approved.amount });
    expect(await at({ now: NOW + week + 1 })).toMatchObject({ do: 'ask-person' });
    const refund = await recordedOf(request({ operation: 'refund', original: await recordedOf() }));
    expect(method.remedy(refund)).toMatchObject({ do: 'ask-person' });
    expect(await method.reverse?.(refund, 'timed-out', 1)).toEqual({ outcome: 'refused', code: 'REFUND_HAS_NO_REVERSAL' });
  });

  it('a refund keeps its number, names the whole, and is found by its number', async () => {
    const sale = await recordedOf();
    const { reference } = sale.prepared;
    const asked = request({ operation: 'refund', attempt: 2, amount: money(888, 'CNY'), original: sale, arguments: {} });
    const refund = await recordedOf(asked);
    const number = refund.prepared.reference;
    const body = { out_refund_no: number, out_trade_no: reference, amount: { refund: 888, currency: 'CNY' } };
    const { calls, gateway } = scripted(ok({ ...body, status: 'PROCESSING' }), ok({ ...body, status: 'SUCCESS' }));
    const method = methodOf({ gateway });
    expect(await method.submit(asked, refund.prepared, live)).toEqual({ outcome: 'pending', waitingFor: 'host' });
    expect(await method.inquire?.(refund)).toMatchObject({ outcome: 'approved', amount: { amountMinor: 888 } });
    expect(calls[0]).toMatchObject({ method: 'POST', path: 'v3/refund/domestic/refunds', body: { out_trade_no: reference, out_refund_no: number, amount: { refund: 888, total: 8888, currency: 'CNY' } } });
    expect(calls[0]?.timeoutMs).toBe(method.policy.answerWithinMs);
    expect(calls[1]).toMatchObject({ method: 'GET', path: `v3/refund/domestic/refunds/${number}`, timeoutMs: 5_000 });
  });

  it('the whole of a refund is what was paid, and an inquiry waits no longer than an answer may take', async () => {
    const sale = await recordedOf(request(), { approved: { outcome: 'approved', verified: true, amount: money(7000, 'CNY'), completion: 'none', facts: { receipt: [] } }, completed: true });
    const asked = request({ operation: 'refund', attempt: 2, amount: money(888, 'CNY'), original: sale, arguments: {} });
    const { calls, gateway } = scripted();
    const method = methodOf({ gateway, policy: { answerWithinMs: 1_000 } });
    const refund = await recordedOf(asked);
    await method.submit(asked, refund.prepared, live);
    await method.inquire?.(refund);
    expect(calls).toMatchObject([{ body: { amount: { refund: 888, total: 7000 } }, timeoutMs: 1_000 }, { timeoutMs: 1_000 }]);
  });
});

describe('on the SDK, over HTTP', () => {
  let host: TestGateway;
  beforeEach(async () => {
    host = await startTestGateway();
  });
  afterEach(() => host.close());

  it('pays, refuses, and stays unknown as the answers tell', async () => {
    const method = methodOf({ baseUrl: host.url });
    const outcomes: string[] = [];
    const submit = async () => {
      const { prepared } = await method.prepare(request(), live);
      const answer = await method.submit(request(), prepared, live);
      outcomes.push('reason' in answer ? `${answer.outcome} ${answer.reason}` : answer.outcome);
    };
    const paid = (total: number) => answering(200, (seen) => ({ appid: 'wx1', mchid: '1900', out_trade_no: seen.body['out_trade_no'], trade_state: 'SUCCESS', transaction_id: '4200', amount: { total, currency: 'CNY' } }));
    host.respond = paid(8888);
    await submit();
    host.respond = paid(8889);
    await submit();
    host.respond = answering(403, { code: 'NOTENOUGH' });
    await submit();
    host.respond = answering(403, { code: 'NOTENOUGH' }, { key: strangerKeys.privateKey });
    await submit();
    host.respond = (_seen, response) => void response.writeHead(403, { 'content-type': 'application/json' }).end('{"code":"NOTENOUGH"}');
    await submit();
    host.respond = answering(400, { code: 'ORDERPAID' });
    await submit();
    host.respond = answering(500, { code: 'SYSTEM_ERROR' });
    await submit();
    expect(outcomes).toEqual(['approved', 'unknown mismatch', 'declined', 'unknown unverified', 'unknown unverified', 'unknown duplicate', 'unknown host-error']);
    expect(host.seen).toHaveLength(7);
  });

  it('the self-check tells the line, the keys and the setup apart', async () => {
    const check = (more: Partial<WechatOptions> = {}) => (made(wechat(options({ baseUrl: host.url, ...more })), HealthCheck) as HealthCheck).check(new AbortController().signal);
    host.respond = answering(404, { code: 'ORDER_NOT_EXIST' });
    expect(await check()).toEqual({ ok: true });
    expect(host.seen).toMatchObject([{ method: 'GET', target: '/v3/pay/transactions/out-trade-no/HEALTHCHECK0?mchid=1900', signatureFits: true }]);
    // Nothing but this way to pay stands still when it fails.
    expect(made(wechat(options()), HealthCheck)).toMatchObject({ name: 'wechat:gateway', scope: { method: 'wechat' } });
    expect(await check({ platformKeys: { [PLATFORM_SERIAL]: strangerKeys.publicKey } })).toMatchObject({ ok: false, hint: { en: expect.stringContaining('public key') } });
    host.respond = (_seen, response) => void response.writeHead(401).end('{"code":"SIGN_ERROR"}');
    expect(await check()).toMatchObject({ ok: false, hint: { en: expect.stringContaining('merchant id') } });
    for (const code of ['NO_AUTH', 'SIGN_ERROR', 'MCH_NOT_EXISTS', 'APPID_MCHID_NOT_MATCH', 'PARAM_ERROR']) {
      host.respond = answering(400, { code });
      expect(await check()).toMatchObject({ ok: false, hint: { en: expect.stringContaining('merchant id') } });
    }
    host.respond = (_seen, response) => void response.writeHead(502).end();
    expect(await check()).toMatchObject({ ok: false, hint: { en: expect.stringContaining('out of order') } });
    await host.close();
    expect(await check()).toMatchObject({ ok: false, hint: { en: expect.stringContaining('network') } });
  });
});
