import { encode } from '@tillwright/plugin-card/protocol';
import { expect, it } from 'vitest';
import { watchSubmits } from './submits.js';

const alipay = (method: string, content: object) => ({ method: 'POST', target: `/gateway.do?method=${method}`, headers: {}, body: new URLSearchParams({ biz_content: JSON.stringify(content) }).toString() });
const wechat = (path: string, content: object) => ({ method: 'POST', target: path, headers: {}, body: JSON.stringify(content) });
const card = (mti: string, processing: string) =>
  encode({ tpdu: '6000030000', header: '603100310100', mti, fields: { 3: processing, 4: '000000001000', 11: '000007', 22: '021', 25: '00', 41: '00000001', 42: '898000000000001', 49: '156', 60: '2200000100060' } });

it('counts what may take money or give it back, each under the number that it is submitted under, and no other message', () => {
  const submits = watchSubmits(() => []);
  const { onSend, sent, violations } = submits;
  onSend('acquirer', card('0800', '000000'));
  onSend('wechat', { method: 'GET', target: '/v3/pay/transactions/out-trade-no/HEALTHCHECK0?mchid=1', headers: {}, body: '' });
  onSend('acquirer', card('0200', '000000'));
  onSend('acquirer', card('0200', '200000'));
  onSend('acquirer', card('0400', '000000'));
  onSend('alipay', alipay('alipay.trade.pay', { out_trade_no: 'AS1' }));
  onSend('alipay', alipay('alipay.trade.precreate', { out_trade_no: 'AS2' }));
  onSend('alipay', alipay('alipay.trade.query', { out_trade_no: 'AS1' }));
  onSend('alipay', alipay('alipay.trade.cancel', { out_trade_no: 'AS1' }));
  for (let n = 0; n < 2; n += 1) onSend('alipay', alipay('alipay.trade.refund', { out_trade_no: 'AS1', out_request_no: 'AR1' }));
  onSend('wechat', wechat('/v3/pay/transactions/codepay', { out_trade_no: 'WS1' }));
  onSend('wechat', wechat('/v3/pay/transactions/native', { out_trade_no: 'WS2' }));
  onSend('wechat', wechat('/v3/pay/transactions/out-trade-no/WS1/reverse', { mchid: '1' }));
  onSend('wechat', wechat('/v3/refund/domestic/refunds', { out_trade_no: 'WS1', out_refund_no: 'WR1' }));
  // An undo keeps its number at every try.
  for (let n = 0; n < 2; n += 1) onSend('wechat', wechat('/v3/refund/domestic/refunds', { out_trade_no: 'WS2', out_refund_no: 'WU1' }));
  expect(Object.fromEntries(sent)).toEqual({ '00000001-000001-000007': 2, AS1: 1, AS2: 1, AR1: 2, WS1: 1, WS2: 1, WR1: 1 });
  expect(violations).toEqual([]);
  expect(submits.messages).toBe(15);
});
