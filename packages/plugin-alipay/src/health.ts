import type { HealthCheck, Text } from '@tillwright/core/contract';
import type { AlipayGateway } from './gateway.js';

const NO_SUCH_ORDER = 'HEALTHCHECK0';
const WITHIN_MS = 5_000;

/**
 * Asks for an order that never was. Any verified answer shows the way there and back: line, clock, both keys.
 * Only Alipay stands still when it fails.
 */
export const gatewayCheck = (gateway: AlipayGateway): HealthCheck => ({
  name: 'alipay:gateway',
  label: { zh: '支付宝网关', en: 'Alipay gateway' },
  scope: { method: 'alipay' },
  async check() {
    const heard = await gateway({ method: 'alipay.trade.query', content: { out_trade_no: NO_SUCH_ORDER }, timeoutMs: WITHIN_MS });
    if (heard.heard === 'silence') return { ok: false, hint: heard.reason === 'unverified' ? keys : heard.reason === 'no-answer' ? line : service };
    // 4000x: it answered, and refuses whatever this till sends.
    return /^(20001|40001|40002|40006)$/.test(String(heard.body['code'])) ? { ok: false, hint: setup } : { ok: true };
  },
});

const line: Text = { zh: '无法连接支付宝，请检查网络；其他付款方式不受影响', en: 'Alipay can not be reached: check the network. Other ways to pay go on' };
const service: Text = { zh: '支付宝网关暂时异常，请稍后重试；其他付款方式不受影响', en: "Alipay's gateway is out of order: try again later. Other ways to pay go on" };
const keys: Text = { zh: '支付宝应答验签失败，请核对支付宝公钥设置', en: "Alipay's answers do not verify: check the Alipay public key in the settings" };
const setup: Text = { zh: '支付宝拒绝了本应用的请求，请核对应用号、应用私钥与签约', en: "Alipay refuses this application's requests: check application id, private key and contract" };
