import { ERRORS, fill } from './errors.js';
import type { Text } from './json.js';

/** Something that a person should know now, though no call of theirs failed. */
export interface Alarm {
  readonly kind: AlarmKind;
  readonly terminalId?: string;
  readonly paymentId?: string;
  readonly caseId?: string;
  /** For whoever looks into it, in English. */
  readonly why: string;
}

type AlarmKind = 'case-opened' | 'contradiction' | 'log-failed' | 'engine-stopped' | 'log-restored' | 'plugin-missing' | 'data-version' | 'sealed-failed' | 'checkpoint-failed' | 'receipt-waits';

/** What each alarm tells a merchant, and what to do. `{name}` stands for the alarm's field of that name, `{terminal}` for its terminal's id. */
export const ALARMS: { readonly [Kind in AlarmKind]: { readonly what: Text; readonly next: Text } } = {
  'case-opened': {
    what: { zh: '付款 {paymentId} 需要人工处理', en: 'The payment {paymentId} needs a person' },
    next: { zh: '用 tillwright cases show {caseId} 查看，按主机账目处理', en: "See tillwright cases show {caseId}, and decide by the host's books" },
  },
  contradiction: {
    what: { zh: '主机对付款 {paymentId} 的答复与已确定的结果不符', en: 'The host contradicts what is known for good of the payment {paymentId}' },
    next: { zh: '与主机账目核对这笔付款，不要据此再次收款', en: "Compare the payment with the host's books, and do not charge again because of it" },
  },
  'log-failed': {
    what: { zh: '事件日志无法读写，已停止收款', en: 'The event log could not be read or written: no more payments are taken' },
    next: { zh: '修复磁盘后重新打开', en: 'Mend the disk, then open the engine again' },
  },
  'engine-stopped': {
    what: { zh: '收款引擎出错，已停止收款', en: 'The engine has met a fault: no more payments are taken' },
    next: { zh: '排除故障后重新打开，未完成的交易会继续', en: 'Mend what it tells of, then open the engine again: it goes on where it stood' },
  },
  'log-restored': ERRORS.LOG_RESTORED,
  'plugin-missing': {
    what: { zh: '付款 {paymentId} 未结清，其支付插件或终端不在了', en: 'The payment {paymentId} is not settled, and its plugin, or its terminal, is gone' },
    next: { zh: '装回该插件和终端重新打开，或按账目处理事项 {caseId}', en: 'Open again with that plugin and that terminal, or resolve {caseId} by the books' },
  },
  'data-version': {
    what: { zh: '付款 {paymentId} 未结清，插件读不了当时存下的数据', en: 'The payment {paymentId} is not settled, and its plugin does not read what it stored then' },
    next: { zh: '用能读取的插件版本重新打开，或按账目处理事项 {caseId}', en: 'Open again with a version of the plugin that reads it, or resolve {caseId} by the books' },
  },
  'sealed-failed': {
    what: { zh: '密封存储无法写入：付款 {paymentId} 未发送，未扣款', en: 'The sealed store could not be written: the payment {paymentId} was not sent, nothing was charged' },
    next: { zh: '检查磁盘的空间和权限', en: "Look at the disk's room and rights" },
  },
  'receipt-waits': {
    what: { zh: '付款 {paymentId} 的签购单未打印，付款已成功', en: 'The receipt of the payment {paymentId} was not printed; the payment stands' },
    next: { zh: '检查打印机和打印纸，恢复后自动补打', en: 'Look at the printer and its paper: it prints later, by itself' },
  },
  'checkpoint-failed': {
    what: { zh: '检查点未能写入：收款不受影响，下次打开会慢一些', en: 'The checkpoint was not written: payments go on, the next opening takes longer' },
    next: { zh: '检查磁盘的空间和权限', en: "Look at the disk's room and rights" },
  },
};

/** An alarm in a merchant's words. */
export const alarmText = (alarm: Alarm): { readonly what: Text; readonly next: Text } => {
  const { what, next } = ALARMS[alarm.kind];
  const words = { terminal: alarm.terminalId ?? '', paymentId: '', caseId: '', ...alarm };
  const filled = ({ zh, en }: Text): Text => ({ zh: fill(zh, words), en: fill(en, words) });
  return { what: filled(what), next: filled(next) };
};
