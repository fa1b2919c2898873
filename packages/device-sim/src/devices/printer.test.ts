import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSimulation, type PrintedReceipt } from '../index.js';
import { never, slip } from '../testing.test-helper.js';

let outputDir: string;
beforeEach(() => {
  outputDir = mkdtempSync(join(tmpdir(), 'printer-'));
});
afterEach(() => rmSync(outputDir, { recursive: true }));

describe('the printer', () => {
  test('keeps what it prints as text, ESC/POS bytes and picture', async () => {
    const world = createSimulation();
    const heard: PrintedReceipt[] = [];
    world.on('receipt', (receipt) => heard.push(receipt));
    await world.printer.print(slip(), never());
    await world.printer.print(slip({ copy: 'customer', reprint: true }), never());
    expect(heard).toEqual(world.receipts);
    expect(world.receipts.map(({ copy, reprint, complete }) => ({ copy, reprint, complete }))).toEqual([
      { copy: 'merchant', reprint: false, complete: true },
      { copy: 'customer', reprint: true, complete: true },
    ]);
    const [first] = world.receipts;
    expect(first?.text).toContain('RMB 88.00');
    expect(first?.escpos.length).toBeGreaterThan(100);
    expect(first?.svg).toMatch(/^<svg /);
  });

  test('writes files where it is told to; a reprint does not replace the first', async () => {
    const { printer, receipts } = createSimulation({ outputDir, charactersPerLine: 48 });
    for (const reprint of [false, true, true]) await printer.print(slip({ id: 'P1:Print#1/merchant', reprint }), never());
    const names = ['receipt-P1_Print_1-merchant', 'receipt-P1_Print_1-merchant-reprint', 'receipt-P1_Print_1-merchant-reprint-2'];
    expect(readdirSync(outputDir).sort()).toEqual(names.flatMap((name) => [`${name}.bin`, `${name}.svg`, `${name}.txt`]).sort());
    expect(receipts.map(({ file }) => file)).toEqual(names.map((name) => join(outputDir, name)));
    expect(readFileSync(join(outputDir, `${names[0]}.txt`), 'utf8')).toBe(receipts[0]?.text);
    expect(readFileSync(join(outputDir, `${names[0]}.txt`), 'utf8')).toContain('-'.repeat(48));
    expect(new Uint8Array(readFileSync(join(outputDir, `${names[0]}.bin`)))).toEqual(new Uint8Array(receipts[0]?.escpos ?? []));
  });

  test('an id never leads out of the directory', async () => {
    const { printer } = createSimulation({ outputDir });
    await printer.print(slip({ id: '../../x/../y' }), never());
    expect(readdirSync(outputDir)).toContain('receipt-______x____y-merchant.txt');
  });

  test('without paper it prints nothing and calls back once paper is in', async () => {
    const world = createSimulation();
    let called = 0;
    const stop = world.printer.onPaper(() => (called += 1));
    world.setPaper(false);
    expect(await world.printer.status()).toEqual({ paper: false });
    await expect(world.printer.print(slip(), never())).rejects.toMatchObject({ error: 'Printer.NoPaper' });
    expect(world.receipts).toEqual([]);
    world.setPaper(true);
    world.setPaper(true);
    expect(called).toBe(1);
    await world.printer.print(slip(), never());
    expect(world.receipts).toHaveLength(1);
    stop();
    world.setPaper(false);
    world.setPaper(true);
    expect(called).toBe(1);
  });

  test('paper that ends within a receipt leaves half of it', async () => {
    const world = createSimulation();
    world.printer.endPaperWithinNext();
    await expect(world.printer.print(slip(), never())).rejects.toMatchObject({ error: 'Printer.NoPaper' });
    expect(await world.printer.status()).toEqual({ paper: false });
    expect(world.receipts).toMatchObject([{ complete: false }]);
    expect(world.receipts[0]?.text).toContain('街角小店');
    expect(world.receipts[0]?.text).not.toContain('本人确认');
    world.setPaper(true);
    await world.printer.print(slip(), never());
    expect(world.receipts[1]?.complete).toBe(true);
  });

  test('aborted, broken', async () => {
    const world = createSimulation();
    await expect(world.printer.print(slip(), AbortSignal.abort(new Error('closing')))).rejects.toThrow('closing');
    world.setBroken('printer', true);
    await expect(world.printer.print(slip(), never())).rejects.toMatchObject({ error: 'Device.Unavailable' });
    await expect(world.printer.status()).rejects.toMatchObject({ error: 'Device.Unavailable' });
    expect(world.receipts).toEqual([]);
  });
});
