import type { HealthCheck, Text } from '@tillwright/core/contract';
import type { WechatGateway } from './gateway.js';

const NO_SUCH_ORDER = 'HEALTHCHECK0';
const WITHIN_MS = 5_000;
const REFUSED_SETUP: ReadonlySet<unknown> = new Set(['SIGN_ERROR', 'NO_AUTH', 'MCH_NOT_EXISTS', 'APPID_MCHID_NOT_MATCH', 'PARAM_ERROR']);

/**
 * Asks for an order that never was. Any verified answer shows the way there and back: line, clock, both keys.
 * Only WeChat Pay stands still when it fails.
 */
export const gatewayCheck = (gateway: WechatGateway, mchid: string): HealthCheck => ({
  name: 'wechat:gateway',
  label: { zh: '微信支付网关', en: 'WeChat Pay gateway' },
  scope: { method: 'wechat' },
  async check() {
    const heard = await gateway({ method: 'GET', path: `v3/pay/transactions/out-trade-no/${NO_SUCH_ORDER}`, query: { mchid }, timeoutMs: WITHIN_MS });
    if (heard.heard === 'answer') return REFUSED_SETUP.has(heard.body['code']) ? { ok: false, hint: setup } : { ok: true };
    // WeChat Pay signs no answer to a request whose own signature it refuses.
    if (heard.status === 401) return { ok: false, hint: setup };
    if (heard.reason === 'unverified') return { ok: false, hint: keys };
    return { ok: false, hint: heard.reason === 'no-answer' ? line : service };
  },
});

const line: Text = { zh: '无法连接微信支付，请检查网络；其他付款方式不受影响', en: 'WeChat Pay can not be reached: check the network. Other ways to pay go on' };
const service: Text = { zh: '微信支付网关暂时异常，请稍后重试；其他付款方式不受影响', en: "WeChat Pay's gateway is out of order: try again later. Other ways to pay go on" };
const keys: Text = { zh: '微信支付应答验签失败，请核对微信支付公钥设置与本机时间', en: "WeChat Pay's answers do not verify: check its public key in the settings, and this till's clock" };
const setup: Text = { zh: '微信支付拒绝了本商户的请求，请核对商户号、证书序列号、私钥与本机时间', en: "WeChat Pay refuses this merchant's requests: check merchant id, certificate serial, private key and this till's clock" };
