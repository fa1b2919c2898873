import type { Text } from '@tillwright/core';

export type Language = 'zh' | 'en';

/** One text in the language that the person chose. */
export const say = (language: Language, text: Text): string => text[language];

/** `LANG=zh_CN.UTF-8` reads Chinese. */
export const languageOf = (environment: NodeJS.ProcessEnv): Language =>
  /^zh/i.test(environment['LC_ALL'] ?? environment['LC_MESSAGES'] ?? environment['LANG'] ?? '') ? 'zh' : 'en';
