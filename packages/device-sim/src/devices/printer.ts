import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ActionError, type Printer, type ReceiptDocument } from '@tillwright/core/contract';
import { renderReceipt, type RenderOptions } from '@tillwright/receipt';
import type { PrintedReceipt, Stage } from '../stage.js';

export interface PrinterOptions extends RenderOptions {
  /** Each receipt is written there as `receipt-<id>-<copy>.txt`, `.bin` (ESC/POS) and `.svg`; a reprint beside the first. */
  readonly outputDir?: string;
}

/** A printer that keeps what it prints. */
export class SimulatedPrinter implements Printer {
  readonly #stage: Stage;
  readonly #options: PrinterOptions;
  readonly #listeners = new Set<() => void>();
  readonly receipts: PrintedReceipt[] = [];
  #paper = true;
  #endsWithin = false;
  /** `status` was asked since the last receipt. */
  #asked = false;

  constructor(stage: Stage, options: PrinterOptions) {
    this.#stage = stage;
    this.#options = options;
  }

  async print(document: ReceiptDocument, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const asked = this.#asked;
    this.#asked = false;
    if (!asked) this.#prepare();
    if (!this.#paper) {
      this.#lacksPaper();
      throw new ActionError('Printer.NoPaper', 'there is no paper');
    }
    const { text, escpos, svg } = renderReceipt(document, this.#options);
    const { id, copy, reprint } = document;
    if (this.#endsWithin) {
      this.#endsWithin = false;
      this.#paper = false;
      const lines = text.split('\n');
      const torn = lines.slice(0, Math.floor(lines.length / 2)).join('\n');
      this.#keep({ id, copy, reprint, complete: false, text: torn, escpos, svg });
      this.#lacksPaper();
      throw new ActionError('Printer.NoPaper', 'the paper ended within the receipt');
    }
    const file = this.#write(document, { text, escpos, svg });
    this.#keep({ id, copy, reprint, complete: true, text, escpos, svg, ...(file === undefined ? {} : { file }) });
    this.#stage.happened('receipt');
  }

  /** Asked before a receipt is printed. */
  async status(): Promise<{ readonly paper: boolean }> {
    this.#prepare();
    this.#asked = this.#paper;
    if (!this.#paper) this.#lacksPaper();
    return { paper: this.#paper };
  }

  /** For the self-check, which prints nothing. */
  get hasPaper(): boolean {
    return this.#paper;
  }

  get works(): boolean {
    return !this.#stage.broken('printer');
  }

  onPaper(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The till that listened is gone. */
  abandon(): void {
    this.#listeners.clear();
    this.#asked = false;
  }

  setPaper(there: boolean): void {
    const came = there && !this.#paper;
    this.#paper = there;
    this.#endsWithin = false;
    if (came) for (const listener of this.#listeners) listener();
  }

  /** The paper will end in the middle of the next receipt. */
  endPaperWithinNext(): void {
    this.#endsWithin = true;
  }

  /** What goes wrong with this receipt, asked once for it: by `status` where the till looks first, else by `print`. */
  #prepare(): void {
    const fault = this.#stage.printing();
    if (fault === 'unavailable' || this.#stage.broken('printer')) throw new ActionError('Device.Unavailable', 'the printer does not answer');
    if (fault === 'paper-out') this.setPaper(false);
    if (fault === 'paper-out-midway') this.endPaperWithinNext();
  }

  #keep(receipt: PrintedReceipt): void {
    this.receipts.push(receipt);
    this.#stage.printed(receipt);
  }

  #lacksPaper(): void {
    this.#stage.happened('no-paper');
    this.#stage.happened('receipt');
  }

  #write(document: ReceiptDocument, rendered: { text: string; escpos: Uint8Array; svg: string }): string | undefined {
    const { outputDir } = this.#options;
    if (outputDir === undefined) return undefined;
    mkdirSync(outputDir, { recursive: true });
    // An id may hold what a file name may not, and name its copy itself.
    const id = document.id.replace(new RegExp(`[/:-]${document.copy}$`), '').replace(/[^A-Za-z0-9_-]/g, '_');
    const name = `receipt-${id}-${document.copy}${document.reprint ? '-reprint' : ''}`;
    let file = join(outputDir, name);
    for (let copy = 2; existsSync(`${file}.txt`); copy += 1) file = join(outputDir, `${name}-${copy}`);
    writeFileSync(`${file}.txt`, rendered.text);
    writeFileSync(`${file}.bin`, rendered.escpos);
    writeFileSync(`${file}.svg`, rendered.svg);
    return file;
  }
}
