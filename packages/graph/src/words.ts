import type { Lane, Language } from './model.js';

type InLanguages<T> = { readonly [language in Language]: T };

export const LANE_NAMES: InLanguages<{ readonly [lane in Lane]: string }> = {
  zh: { customer: '顾客', merchant: '商户', till: '收银机', host: '主机' },
  en: { customer: 'Customer', merchant: 'Merchant', till: 'Till', host: 'Host' },
};

export const WORDS: InLanguages<{ readonly [word in 'workflow' | 'beginsWith' | 'states']: string }> = {
  zh: { workflow: '流程', beginsWith: '起始状态：', states: '状态' },
  en: { workflow: 'Workflow', beginsWith: 'It begins with', states: 'States' },
};

export const EXIT_WORDS: InLanguages<{ readonly [word in 'next' | 'error' | 'jump' | 'money' | 'taken']: string }> = {
  zh: { next: '下一步', error: '出错时', jump: '出错时跳到 X', money: '动钱的一步', taken: '本次经过' },
  en: { next: 'next', error: 'on an error', jump: 'on error E, go to X', money: 'moves money', taken: 'the way it went' },
};
