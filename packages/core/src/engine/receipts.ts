import type { Alarm } from '../alarm.js';
import { ActionError, type ReceiptDocument, type ReceiptField, type Text, toDecimal } from '../contract.js';
import type { StepId } from '../events.js';
import { kindOf } from '../fault.js';
import { deepFreeze, type JsonObject } from '../json.js';
import { nextTurn } from '../next-turn.js';
import { inTime } from './ask.js';
import { type Journal, stream } from './journal.js';
import { paidMinor, type PaymentState, type ReceiptState } from './payment.js';
import type { LoadedTerminal } from './terminal.js';

type Copy = 'merchant' | 'customer';

const STATUS_WITHIN_MS = 10_000;
/** A slip takes seconds. */
const PRINT_WITHIN_MS = 60_000;

const labels = {
  merchantId: { zh: '商户编号', en: 'Merchant No.' },
  terminalId: { zh: '终端编号', en: 'Terminal No.' },
  operator: { zh: '操作员', en: 'Operator' },
  method: { zh: '支付方式', en: 'Payment' },
  type: { zh: '交易类型', en: 'Type' },
  dateTime: { zh: '日期时间', en: 'Date/Time' },
  amount: { zh: '金额', en: 'Amount' },
} as const;

/** Receipts are debts of a committed payment: owed first, printed when there is paper, nothing undone for their sake (9, 20). */
export class Receipts {
  readonly #journal: Journal;
  readonly #closing: AbortSignal;
  /** Copies that this process knows to be unprinted; any other open copy may have been printed before a crash. */
  readonly #fresh = new Set<string>();
  readonly #printing = new Map<string, Promise<void>>();
  /** Receipts that may not be on disk yet, each with the record that owes it. */
  readonly #owedAt = new Map<string, number>();
  readonly #alarm: (alarm: Alarm) => void;

  /** @param closing the engine stops: what it would print now it could not note, and the next one would print it again */
  constructor(journal: Journal, closing: AbortSignal, alarm: (alarm: Alarm) => void) {
    this.#journal = journal;
    this.#alarm = alarm;
    this.#closing = closing;
  }

  owe(payments: readonly PaymentState[], order: { loaded: LoadedTerminal; copies: readonly Copy[]; language: 'zh' | 'en' | 'both'; step: StepId }): void {
    const hold = this.#journal.hold(order.loaded.terminal.id);
    const isOlder = hold !== undefined && !hold.acknowledged;
    const inputs = payments
      .map((payment) => ({ payment, receiptId: `${payment.paymentId}:${order.step}` }))
      .filter(({ payment, receiptId }) => !payment.receipts.some((receipt) => receipt.receiptId === receiptId))
      .map(({ payment, receiptId }) => {
        if (!isOlder) for (const copy of order.copies) this.#fresh.add(`${receiptId}/${copy}`);
        const document = compose(payment, order.loaded, order.language);
        // All of it is ours: frozen, the log need not copy it.
        return { stream: stream.payment(payment.paymentId), event: deepFreeze({ type: 'receiptOwed', receiptId, copies: order.copies, document } as const) };
      });
    if (inputs.length === 0) return;
    const seq = this.#journal.append(inputs);
    for (const { event } of inputs) this.#owedAt.set(event.receiptId, seq);
  }

  /** As `print`, for a flow that goes on meanwhile: what is not printed is told by an alarm. */
  printBeside(paymentIds: readonly string[], loaded: LoadedTerminal): void {
    const failed = (error: unknown): void => {
      if (this.#closing.aborted) return;
      const why = ActionError.is(error) ? error.message : kindOf(error);
      for (const paymentId of paymentIds) if (this.#unprinted(paymentId).length > 0) this.#alarm({ kind: 'receipt-waits', terminalId: loaded.terminal.id, paymentId, why });
    };
    // Its flow goes on first, and what that writes comes to the disk with the same sync.
    nextTurn(() => void this.print(paymentIds, loaded, new AbortController().signal).catch(failed));
  }

  /** @throws ActionError `Printer.NoPaper`, `Device.Unavailable`; what was not printed stays owed */
  async print(paymentIds: readonly string[], loaded: LoadedTerminal, signal: AbortSignal): Promise<void> {
    const before = this.#printing.get(loaded.terminal.id) ?? Promise.resolve();
    const turn = before.catch(() => {}).then(() => this.#printNow(paymentIds, loaded, signal));
    this.#printing.set(loaded.terminal.id, turn);
    return await turn;
  }

  /** Prints what is owed when paper is put in. A printer that can't tell prints it with the next self-check. @returns how to stop */
  onPaper(loaded: LoadedTerminal): () => void {
    try {
      const stop: unknown = loaded.printer?.onPaper?.(() => void this.deliverOwed(loaded));
      if (typeof stop === 'function') return stop as () => void;
      void Promise.resolve(stop).catch(() => {});
      return () => {};
    } catch {
      return () => {};
    }
  }

  /** Prints what a terminal owes, as far as its paper goes. Never throws: what can't be printed stays owed. */
  async deliverOwed(loaded: LoadedTerminal): Promise<void> {
    const owing = this.#journal.owingReceipts(loaded.terminal.id).map((payment) => payment.paymentId);
    if (owing.length === 0) return;
    await this.print(owing, loaded, new AbortController().signal).catch(() => {});
  }

  async #printNow(paymentIds: readonly string[], loaded: LoadedTerminal, signal: AbortSignal): Promise<void> {
    const failed: unknown[] = [];
    for (const [index, paymentId] of paymentIds.entries()) {
      try {
        await this.#copies(paymentId, loaded, signal);
      } catch (error) {
        failed.push(error);
        if (!isOfPrinter(error) && !signal.aborted) continue;
        for (const later of paymentIds.slice(index + 1)) for (const { receipt, copy } of this.#unprinted(later)) this.#defer(later, receipt, copy);
        break;
      }
    }
    if (failed.length > 0) throw failed[0];
  }

  async #copies(paymentId: string, loaded: LoadedTerminal, signal: AbortSignal): Promise<void> {
    const open = this.#unprinted(paymentId);
    for (const [index, { receipt, copy }] of open.entries()) {
      try {
        await this.#copy(paymentId, receipt, copy, loaded, signal);
      } catch (error) {
        // What was not begun, it and all that come after it: what prints later, after a restart too, is their first print.
        for (const later of open.slice(index)) this.#defer(paymentId, later.receipt, later.copy);
        throw error;
      }
    }
  }

  #unprinted(paymentId: string): { receipt: ReceiptState; copy: Copy }[] {
    const receipts = this.#journal.payments.get(paymentId)?.receipts ?? [];
    return receipts.flatMap((receipt) => receipt.copies.filter((copy) => !receipt.printed.includes(copy)).map((copy) => ({ receipt, copy })));
  }

  /** The log is an older copy, or another one (17): what it calls unprinted may be on paper since. */
  doubt(terminalId: string): void {
    const inputs = this.#journal
      .owingReceipts(terminalId)
      .flatMap(({ paymentId }) => this.#unprinted(paymentId).map(({ receipt, copy }) => ({ paymentId, receipt, copy })))
      .filter(({ receipt, copy }) => receipt.deferred.includes(copy))
      .map(({ paymentId, receipt: { receiptId }, copy }) => ({ stream: stream.payment(paymentId), event: { type: 'receiptBegun', receiptId, copy } as const }));
    if (inputs.length > 0) this.#journal.append(inputs);
  }

  /** The engine stops: what it has not begun to print is the next one's first print. */
  deferOwed(terminalIds: Iterable<string>): void {
    for (const terminalId of terminalIds)
      for (const { paymentId } of this.#journal.owingReceipts(terminalId)) for (const { receipt, copy } of this.#unprinted(paymentId)) this.#defer(paymentId, receipt, copy);
  }

  /** Notes that not a line of a copy was printed, where that is sure. */
  #defer(paymentId: string, receipt: ReceiptState, copy: Copy): void {
    const { receiptId } = receipt;
    if (!this.#fresh.has(`${receiptId}/${copy}`) || receipt.deferred.includes(copy)) return;
    this.#journal.append([{ stream: stream.payment(paymentId), event: { type: 'receiptDeferred', receiptId, copy } }]);
  }

  async #copy(paymentId: string, receipt: ReceiptState, copy: Copy, loaded: LoadedTerminal, signal: AbortSignal): Promise<void> {
    const { printer } = loaded;
    const { receiptId } = receipt;
    const id = `${receiptId}/${copy}`;
    const deferred = receipt.deferred.includes(copy);
    const reprint = !this.#fresh.has(id) && !deferred;
    if (!printer) throw new ActionError('Device.Unavailable', 'this terminal has no printer');
    const coming = this.#owedOnDisk(receiptId);
    if (coming) await coming;
    // Each in a turn of its own: whoever waited with it goes on first, and what the disk or a host says meanwhile is heard between two copies.
    await new Promise<void>(nextTurn);
    this.#assertOpen();
    const { clock } = this.#journal.ports;
    // A printer that hangs keeps nothing from its turn for ever.
    if (!(await inTime(() => printer.status(), { clock, withinMs: STATUS_WITHIN_MS, who: 'the printer' })).paper) throw new ActionError('Printer.NoPaper', 'out of paper');
    this.#assertOpen();
    // From here on a failure may have left lines on paper: what comes next is a reprint, after a restart too.
    this.#fresh.delete(id);
    if (deferred) await this.#journal.appendDurably([{ stream: stream.payment(paymentId), event: { type: 'receiptBegun', receiptId, copy } }]);
    this.#assertOpen();
    const document = receipt.document as ReceiptDocument;
    await inTime(() => printer.print({ ...document, id, copy, reprint }, signal), { clock, withinMs: PRINT_WITHIN_MS, who: 'the printer' });
    this.#journal.append([{ stream: stream.payment(paymentId), event: Object.freeze({ type: 'receiptPrinted', receiptId, copy, reprint }) }]);
  }

  /** The payment with it, which was there before: no slip tells of what a crash may still take, and none comes out a second time without its mark. */
  #owedOnDisk(receiptId: string): Promise<void> | undefined {
    const seq = this.#owedAt.get(receiptId);
    if (seq === undefined) return undefined;
    this.#owedAt.delete(receiptId);
    const { log } = this.#journal.ports;
    return seq > log.durableTo ? log.durable(seq) : undefined;
  }

  #assertOpen(): void {
    if (this.#closing.aborted) throw new ActionError('Device.Unavailable', 'the engine has stopped');
  }
}

/** Nothing prints until that is mended. Any other fault may be of one slip: it keeps no other payment's from its paper. */
const isOfPrinter = (error: unknown): boolean => ActionError.is(error) && (error.error === 'Printer.NoPaper' || error.error === 'Device.Unavailable');

const compose = (payment: PaymentState, loaded: LoadedTerminal, language: 'zh' | 'en' | 'both'): JsonObject => {
  const { terminal } = loaded;
  const attempt = payment.attempts.findLast((a) => a.fate === 'completed' && a.undoes === undefined);
  const fields = attempt?.facts?.receipt ?? [];
  const method = loaded.methods.get(payment.method)?.method;
  const said = ({ zh, en }: Text): string => (language === 'both' && zh !== en ? `${zh} ${en}` : language === 'en' ? en : zh);
  const line = (label: Text, value: string, large = false): JsonObject => ({ label: { zh: label.zh, en: label.en }, value, ...(large ? { large } : {}) });
  const has = (key: string): boolean => fields.some((field: ReceiptField) => field.key === key);
  const amount = { amountMinor: paidMinor(payment), currency: payment.currency };
  const symbol = payment.currency === 'CNY' ? 'RMB' : payment.currency;
  return {
    id: '',
    copy: 'merchant',
    reprint: false,
    merchantName: terminal.name,
    title: { zh: '签购单', en: 'SALES SLIP' },
    language,
    lines: [
      line(labels.merchantId, terminal.mid),
      line(labels.terminalId, terminal.tid),
      line(labels.operator, terminal.operatorId),
      ...(method ? [line(labels.method, said(method.label))] : []),
      ...(has('transactionType') ? [] : [line(labels.type, language === 'en' ? 'SALE' : '消费 SALE')]),
      ...fields.map((field: ReceiptField) => line(field.label, field.value)),
      ...(!attempt || has('dateTime') || has('paidAt') ? [] : [line(labels.dateTime, localTime(attempt.submittedAt))]),
      line(labels.amount, `${symbol} ${toDecimal(amount)}`, true),
    ],
    signature: attempt?.facts?.['signature'] === 'signature' ? 'signature' : attempt?.facts?.['signature'] === 'none' ? 'none' : 'absent',
    notes: [],
  };
};

/** `2026-01-31 08:15:00`, in the till's own time zone. */
const localTime = (at: number): string => {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
};
