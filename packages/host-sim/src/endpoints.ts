/** Names of the simulated hosts, as the control API and the ledgers say them. */
export type HostName = 'acquirer' | 'alipay' | 'wechat';

/** What a merchant is told about the acquirer. `terminalMasterKey`: 16 bytes as hex, loaded into the PIN pad; a test key. */
export interface AcquirerEndpoints {
  readonly host: string;
  readonly port: number;
  /** Base URL of the control API, `http://127.0.0.1:port`. */
  readonly control: string;
  /** 10 hex digits, as the terminal sends it. */
  readonly tpdu: string;
  /** 12 hex digits. */
  readonly header: string;
  readonly tid: string;
  readonly mid: string;
  readonly terminalMasterKey: string;
}

/** What a merchant is told about Alipay's gateway. Keys are base64 bodies as alipay-sdk takes them; test keys. */
export interface AlipayEndpoints {
  /** `http://127.0.0.1:port/gateway.do` */
  readonly gateway: string;
  readonly control: string;
  readonly appId: string;
  readonly appPrivateKey: string;
  readonly alipayPublicKey: string;
}

/** What a merchant is told about WeChat Pay. Keys are PEM; test keys. */
export interface WechatEndpoints {
  readonly baseURL: string;
  readonly control: string;
  readonly appid: string;
  readonly mchid: string;
  /** Serial of the merchant's certificate. */
  readonly serial: string;
  readonly privateKey: string;
  /** `PUB_KEY_ID_...` */
  readonly platformSerial: string;
  readonly platformPublicKey: string;
  readonly apiV3Key: string;
}

/** Plain JSON: what `tillwright hosts` prints, with the test keys a merchant would have been given. */
export interface Endpoints {
  readonly acquirer?: AcquirerEndpoints;
  readonly alipay?: AlipayEndpoints;
  readonly wechat?: WechatEndpoints;
}
