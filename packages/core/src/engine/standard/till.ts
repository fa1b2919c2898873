import { ActionError, type HealthCheck, Sensitive, type Text } from '../../contract.js';
import type { JsonObject } from '../../json.js';
import { ask } from '../ask.js';
import { cancelled, object, standard, type StandardAction, type TextArgument, textSchema, toText } from './types.js';

/** A check that does not answer is a check that failed. */
const CHECK_WITHIN_MS = 10_000;

export const tillActions: { readonly [name: string]: StandardAction } = {
  check: standard<object>({
    description: { zh: '自检：电源、网络、主机、打印纸、时钟、工作密钥', en: 'Self-check: power, network, hosts, paper, clock, working keys' },
    arguments: object({}),
    result: { type: 'object' },
    errors: { 'Till.NotReady': { zh: '终端未就绪', en: 'The till is not ready' } },
    redo: 'again',
    run: async (_args, { loaded, services, stop: { signal }, show }) => {
      const { clock } = services;
      // A receipt is a debt: a printer that hangs keeps nobody from paying.
      await ask(() => services.receipts.deliverOwed(loaded), { clock, withinMs: CHECK_WITHIN_MS, silent: undefined });
      show('merchant', { zh: '正在自检…', en: 'Checking the till...' });
      const results = await Promise.all(
        loaded.checks.map(async (check) => {
          const stop = new AbortController();
          const result = await ask(async () => understood(await check.check(AbortSignal.any([signal, stop.signal]))), { clock, withinMs: CHECK_WITHIN_MS, silent });
          stop.abort();
          return { check, result };
        }),
      );
      signal.throwIfAborted();
      loaded.unready.clear();
      for (const { check, result } of results) {
        if (!result.ok && typeof check.scope === 'object') loaded.unready.set(check.scope.method, result.hint);
      }
      const checks = results.map(({ check, result }) => line(check, result));
      const stopped = results.filter(({ check, result }) => !result.ok && check.scope === 'till').map(({ check, result }) => line(check, result));
      const noMethod = loaded.methods.size > 0 && [...loaded.methods.keys()].every((id) => loaded.unready.has(id));
      if (stopped.length > 0 || noMethod) {
        const failed = stopped.length > 0 ? stopped : checks.filter((each) => each['ok'] === false);
        throw new ActionError('Till.NotReady', failed.map((each) => each['name']).join(', '), { hint: joined(failed), checks: failed });
      }
      return { ready: true, checks };
    },
  }),
};

type Checked = Awaited<ReturnType<HealthCheck['check']>>;

/** A check that says neither has failed, too. */
const understood = (result: Checked): Checked => (result.ok === true || (result.ok === false && typeof result.hint.zh === 'string' && typeof result.hint.en === 'string') ? result : silent);

const silent: Checked = { ok: false, hint: { zh: '没有应答，请检查设备或主机', en: 'It does not answer: check the device or host' } };

const line = (check: HealthCheck, result: { ok: true } | { ok: false; hint: Text }): JsonObject => ({
  name: check.name,
  label: { zh: check.label.zh, en: check.label.en },
  scope: typeof check.scope === 'object' ? check.scope.method : check.scope,
  ok: result.ok,
  ...(result.ok ? {} : { hint: { zh: result.hint.zh, en: result.hint.en } }),
});

const joined = (failed: readonly JsonObject[]): JsonObject => {
  const inLanguage = (language: keyof Text, colon: string, separator: string): string =>
    failed.map((each) => `${(each['label'] as unknown as Text)[language]}${colon}${(each['hint'] as unknown as Text)[language]}`).join(separator);
  return { zh: inLanguage('zh', '：', '；'), en: inLanguage('en', ': ', '; ') };
};

/** What is shown of a payer's code: a bearer token until it has expired. Of a short one an end would be much of it, or all. */
const maskCode = (code: string): string => {
  const end = Math.min(2, Math.floor(code.length / 8));
  return `${code.slice(0, end)}${'*'.repeat(code.length - 2 * end)}${code.slice(code.length - end)}`;
};

export const scannerActions: { readonly [name: string]: StandardAction } = {
  scan: standard<{ text?: TextArgument; customerText?: TextArgument }>({
    description: { zh: '扫描付款码', en: "Scans the payer's code; its prefix tells which wallet" },
    actor: 'customer',
    arguments: object({ text: textSchema, customerText: textSchema }),
    result: { type: 'object' },
    errors: {
      ...cancelled,
      'Payer.CodeUnknown': { zh: '无法识别付款码，请顾客打开付款码后再扫', en: "Not a payer's code: ask the customer to open the payment code and scan again" },
      'Device.Unavailable': { zh: '扫码设备不可用，请检查连接', en: 'The scanner does not work: check its connection' },
    },
    redo: 'again',
    run: async ({ text, customerText }, { loaded, stop: { signal }, show }) => {
      if (!loaded.scanner) throw new ActionError('Device.Unavailable', 'this terminal has no scanner');
      show('merchant', toText(text, { zh: '请扫描顾客的付款码', en: "Scan the customer's payment code" }));
      show('customer', toText(customerText, { zh: '请出示付款码', en: 'Please show your payment code' }));
      const code = (await loaded.scanner.scan(signal)).reveal().trim();
      const methods = [...loaded.methods.values()]
        .filter(({ method: { payerCode } }) => payerCode?.prefixes.some((prefix) => code.startsWith(prefix)) && code.length >= payerCode.minLength && code.length <= payerCode.maxLength)
        .map(({ method }) => method.id);
      const [first] = methods;
      if (first === undefined || !/^\d+$/.test(code)) throw new ActionError('Payer.CodeUnknown', 'no payment method knows this code');
      return loaded.vault.put('payer-code', new Sensitive(code, maskCode(code)), { method: first, masked: maskCode(code) });
    },
  }),
};

const NO_PRINTER = { zh: '此终端没有打印机：交易已成功，不打印签购单', en: 'This terminal has no printer: the payment stands, and no receipt is printed' };

export const printerActions: { readonly [name: string]: StandardAction } = {
  print: standard<{ payments?: string[]; copies?: ('merchant' | 'customer')[]; language?: 'zh' | 'en' | 'both'; wait?: boolean }>({
    description: { zh: '打印签购单', en: "Prints the receipts of this transaction's payments" },
    arguments: object({
      payments: { type: 'array', items: { type: 'string' } },
      copies: { type: 'array', items: { enum: ['merchant', 'customer'] }, minItems: 1, uniqueItems: true },
      language: { enum: ['zh', 'en', 'both'] },
      wait: { type: 'boolean', default: true },
    }),
    result: { type: 'object' },
    errors: {
      'Printer.NoPaper': { zh: '打印机缺纸：交易已成功，装纸后自动补打', en: 'The printer is out of paper: the payment stands, and the receipt prints once paper is in' },
      'Device.Unavailable': { zh: '打印机不可用：交易已成功，恢复后自动补打', en: 'The printer does not work: the payment stands, and the receipt prints later' },
      'Receipt.NothingPaid': { zh: '没有已完成的付款可打印', en: 'There is no completed payment to print' },
    },
    redo: 'again',
    waitsItself: true,
    run: async ({ payments, copies = ['merchant', 'customer'], language = 'both', wait = true }, { services, loaded, executionId, step, stop }) => {
      const own = services.journal.paymentsOf(executionId).filter((payment) => payment.committed && (!payments || payments.includes(payment.paymentId)));
      if (own.length === 0) throw new ActionError('Receipt.NothingPaid', 'no committed payment in this transaction');
      // What nothing will ever print is no debt: it would keep every sale of such a till open, in memory too.
      if (!loaded.printer) throw new ActionError('Device.Unavailable', 'this terminal has no printer', { hint: NO_PRINTER });
      services.receipts.owe(own, { loaded, copies, language, step });
      const ids = own.map((payment) => payment.paymentId);
      if (wait) await services.receipts.print(ids, loaded, stop.signal);
      else services.receipts.printBeside(ids, loaded);
      return { receipts: own.map((payment) => payment.paymentId), copies };
    },
  }),
};
