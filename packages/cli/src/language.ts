import type { Text } from '@tillwright/core';

export type Language = 'zh' | 'en';

/** One text in the language that the person chose. */
export const say = (language: Language, text: Text): string => plain(text[language]);

/** A text that comes from elsewhere is only a text on a screen: what would move the cursor, paint, or turn the direction of what stands beside it is left out. */
const plain = (text: string): string => text.replace(/[^\P{Control}\n]|[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu, '');

/** The same for a value that stands in a line: it can't begin another one. */
export const inLine = (value: string): string => plain(value.replace(/[\s\u0085]+/gu, ' '));

/** `LANG=zh_CN.UTF-8` reads Chinese; one that is empty says nothing (POSIX). */
export const languageOf = (environment: NodeJS.ProcessEnv): Language =>
  /^zh/i.test(environment['LC_ALL'] || environment['LC_MESSAGES'] || environment['LANG'] || '') ? 'zh' : 'en';
