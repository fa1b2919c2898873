import { expect, it } from 'vitest';
import { inLine, languageOf, say } from './language.js';

const both = (text: string) => ({ zh: text, en: text });

it.each([
  ['clears the screen', '\u001B[2J\u001B[Happroved', '[2J[Happroved'],
  ['an eight-bit command', '\u009B2Japproved', '2Japproved'],
  ['goes back over the line', 'declined\r\bapproved', 'declinedapproved'],
  ['turns the direction', '\u202E00.88 \u2066CNY', '00.88 CNY'],
  ['is a text', '金额 ¥88.00 👩‍🍳\nthank you', '金额 ¥88.00 👩‍🍳\nthank you'],
])('a text that %s is only a text', (_, text, shown) => {
  expect(say('zh', both(text))).toBe(shown);
});

it('a value can not begin a line of its own', () => {
  expect(inLine('Corner Shop\nResolved: paid\u2028Amount:\u0085\t0.01\u001B[1A')).toBe('Corner Shop Resolved: paid Amount: 0.01[1A');
});

it.each([
  [{ LANG: 'zh_CN.UTF-8' }, 'zh'],
  [{ LC_ALL: '', LC_MESSAGES: '', LANG: 'zh_CN.UTF-8' }, 'zh'],
  [{ LC_ALL: 'C', LANG: 'zh_CN.UTF-8' }, 'en'],
  [{}, 'en'],
] as const)('%o is %s', (environment, language) => {
  expect(languageOf(environment)).toBe(language);
});
