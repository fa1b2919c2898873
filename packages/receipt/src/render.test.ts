import * as fc from 'fast-check';
import iconv from 'iconv-lite';
import { describe, expect, test } from 'vitest';
import { renderReceipt } from './index.js';
import { sampleDocument, textOf } from './sample.test-helper.js';
import { printable, widthOf } from './printable.js';

const languages = ['zh', 'en', 'both'] as const;
const widths = [32, 48] as const;

describe('what a slip says', () => {
  test.each(languages)('a merchant copy to sign, %s', (language) => {
    const { text } = renderReceipt(sampleDocument({ language }));
    if (language !== 'en') for (const part of ['签购单', '商户存根', '持卡人签名', '金额']) expect(text).toContain(part);
    if (language !== 'zh') for (const part of ['SALES SLIP', 'MERCHANT COPY', 'CARDHOLDER SIGNATURE', 'AMOUNT']) expect(text).toContain(part);
    if (language === 'zh') expect(text).not.toContain('MERCHANT COPY');
    if (language === 'en') expect(text).not.toMatch(/商户存根|签购单/);
    expect(text).toContain('622848******0019 I');
    expect(text).toContain('RMB 50.00');
    expect(text).toContain('_'.repeat(32));
  });

  test('the cardholder copy is named so and has no line to sign on', () => {
    const { text } = renderReceipt(sampleDocument({ copy: 'customer' }));
    expect(text).toContain('持卡人存根');
    expect(text).toContain('CARDHOLDER COPY');
    expect(text).not.toMatch(/持卡人签名|CARDHOLDER SIGNATURE|____/);
    expect(text).toContain('本人确认以上交易');
  });

  test('without PIN and signature the slip says so', () => {
    const { text } = renderReceipt(sampleDocument({ signature: 'none' }));
    expect(text).toContain('本交易免密免签');
    expect(text).toContain('NO PIN AND NO SIGNATURE REQUIRED');
    expect(text).not.toMatch(/持卡人签名|____/);
  });

  test("a wallet's slip speaks of a customer, not of a card", () => {
    const { text } = renderReceipt(sampleDocument({ signature: 'absent', copy: 'customer' }));
    expect(text).toContain('客户存根');
    expect(text).toContain('CUSTOMER COPY');
    expect(text).not.toMatch(/持卡人|CARDHOLDER|of this card/);
  });

  test('only a reprint is marked as one, in every rendering', () => {
    const first = renderReceipt(sampleDocument({ reprint: false }));
    const again = renderReceipt(sampleDocument({ reprint: true }));
    const seen = (receipt: typeof first) => [receipt.text, textOf(receipt.escpos), svgText(receipt.svg), receipt.markup];
    for (const rendering of seen(first)) expect(rendering).not.toMatch(/重打印|REPRINT/);
    for (const rendering of seen(again)) expect(rendering).toMatch(/重打印\s*REPRINT/);
    expect(renderReceipt(sampleDocument({ reprint: true, language: 'zh' })).text).not.toContain('REPRINT');
  });

  test('a label that is the same in both languages stands there once', () => {
    const { text } = renderReceipt(sampleDocument({ lines: [{ label: { zh: 'TVR', en: 'TVR' }, value: '0000000000' }] }));
    expect(text.match(/TVR/g)).toHaveLength(1);
  });

  test('amount and merchant name are set double on paper, and found whole in the text', () => {
    const { escpos, text } = renderReceipt(sampleDocument({ merchantName: '街角小店' }));
    const bytes = Buffer.from(escpos).toString('latin1');
    expect(bytes).toMatch(doubled('RMB 50.00'));
    expect(bytes).toMatch(doubled('街角小店'));
    expect(text).toContain('街角小店');
  });
});

describe('what the printer gets', () => {
  test.each(widths)('its GB18030 bytes read back as the text, %i columns', (charactersPerLine) => {
    const receipt = renderReceipt(sampleDocument({ merchantName: '㐀龘𠮷 Café 街角' }), { charactersPerLine });
    expect(words(textOf(receipt.escpos))).toBe(words(receipt.text));
    expect(receipt.text).toContain('㐀龘𠮷 Café 街角');
  });

  test('a value can not give commands', () => {
    const { escpos, text } = renderReceipt(sampleDocument({ merchantName: 'A\u001B@\u001Bp\u0000\u0019B\u001DV\u0000' }));
    expect(text).toContain('A@pBV');
    expect(Buffer.from(escpos).includes(Buffer.from('\u001Bp\u0000\u0019', 'latin1'))).toBe(false);
    // One cut, at the end, and one initialisation, at the start.
    expect(Buffer.from(escpos).toString('latin1').split('\u001DV')).toHaveLength(2);
    expect(Buffer.from(escpos).toString('latin1').split('\u001B@')).toHaveLength(2);
  });
});

describe('values are text, never markup', () => {
  test.each(['|', '{', '}', '~', '_', '"', '\\', '`', '^', '-', '=', '----', '{code:123}', '\\n', '\\x41', 'a | b', '|a|', '<b>&amp;', '^^^x^^^', '__u__'])(
    'a merchant named %s',
    (merchantName) => {
      const { text, svg, escpos } = renderReceipt(sampleDocument({ merchantName }));
      expect(text.split('\n')[0]?.trim()).toBe(merchantName);
      expect(textOf(escpos).trimStart().startsWith(merchantName)).toBe(true);
      expect(svgText(svg).startsWith(merchantName)).toBe(true);
    },
  );

  test('any name and any value stand on the slip as they are, within the width', () => {
    const anyText = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(anyText, anyText, anyText, fc.constantFrom(...languages), fc.constantFrom(...widths), (name, value, label, language, charactersPerLine) => {
        const document = sampleDocument({ merchantName: name, language, lines: [{ label: { zh: label, en: label }, value }] });
        const { text, escpos } = renderReceipt(document, { charactersPerLine });
        for (const line of text.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(charactersPerLine);
        const plain = text.replaceAll(/\s/g, '');
        for (const part of [name, value, label]) expect(plain).toContain(printable(part).replaceAll(' ', ''));
        expect(textOf(escpos).replaceAll(/\s/g, '')).toBe(plain);
      }),
    );
  });

  test('the yuan sign prints as RMB', () => {
    for (const value of ['¥50.00', '￥50.00', 'CN¥ 50.00', 'RMB ¥50.00']) {
      const { text } = renderReceipt(sampleDocument({ lines: [{ label: { zh: '金额', en: 'AMOUNT' }, value, large: true }] }));
      expect(text).toMatch(/(?<!RMB )RMB 50\.00/);
      expect(text).not.toMatch(/[¥￥]/);
    }
  });
});

describe('the picture', () => {
  test('is the same for the same document, on white, without anything to load', () => {
    const [one, two] = [renderReceipt(sampleDocument({})), renderReceipt(sampleDocument({}))];
    expect(one.svg).toBe(two.svg);
    expect(one.svg).toContain('fill="#fff"');
    expect(one.svg).not.toMatch(/<(script|style|image|filter)|@import|href|url\(/);
  });
});

/** A line begun at double width and height that holds the value. */
const doubled = (value: string) => new RegExp(`\\x1d!\\x11[^\\n]*${iconv.encode(value, 'gb18030').toString('latin1')}`);

const words = (text: string) => text.replaceAll(/\s/g, '');

const svgText = (svg: string): string =>
  svg
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&#xa0;', ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .trim();
