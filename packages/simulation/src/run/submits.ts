import { decode } from '@tillwright/plugin-card/protocol';
import type { OnSend } from '../network.js';

/** Counts requests to take money by the reference that their host knows them under, reading the very bytes. */
export const submitCounter = (): { readonly onSend: OnSend; readonly sent: ReadonlyMap<string, number> } => {
  const sent = new Map<string, number>();
  return {
    sent,
    onSend: (...message) => {
      const reference = message[0] === 'acquirer' ? cardSale(message[1]) : walletSale(message[1].target, message[1].body);
      if (reference !== undefined) sent.set(reference, (sent.get(reference) ?? 0) + 1);
    },
  };
};

const cardSale = (bytes: Uint8Array): string | undefined => {
  const { mti, fields } = decode(bytes);
  return mti === '0200' && fields[3] === '000000' ? `${fields[41]}-${fields[60]?.slice(2, 8)}-${fields[11]}` : undefined;
};

const walletSale = (target: string, body: string): string | undefined => {
  const parameters = new URLSearchParams(`${target.split('?')[1] ?? ''}&${body}`);
  const ofAlipay = parameters.get('method') === 'alipay.trade.pay' || parameters.get('method') === 'alipay.trade.precreate';
  const takesMoney = ofAlipay || target.endsWith('/transactions/codepay') || target.endsWith('/transactions/native');
  const text = ofAlipay ? parameters.get('biz_content') : body;
  return takesMoney && text ? (JSON.parse(text) as { out_trade_no?: string }).out_trade_no : undefined;
};
