import type { CardEntry, JsonSchema, Text } from '@tillwright/core/contract';

/** What stands for card data or a PIN in a workflow: an opaque reference with its masked view. */
const reference = (kind: string): JsonSchema => ({
  type: 'object',
  properties: { sensitive: { type: 'string' }, kind: { const: kind }, view: { type: 'object' } },
  required: ['sensitive', 'kind', 'view'],
});

export const CARD_REFERENCE = reference('card');
export const PIN_REFERENCE = reference('pin');

/** The Task's `with`: the card that `reader:readCard` gave, and the PIN that `pinpad:enterPin` gave, if any. */
export const ARGUMENTS: JsonSchema = {
  type: 'object',
  properties: { card: CARD_REFERENCE, pin: { anyOf: [PIN_REFERENCE, { type: 'null' }] } },
  required: ['card'],
  additionalProperties: false,
};

const SENSITIVE_LOST: Text = { zh: '卡信息已失效，请重新读卡', en: 'The card data are gone: read the card again' };
const CARD_REMOVED: Text = { zh: '卡片已被拔出，请重新插卡', en: 'The card was taken out: insert it again' };
const USE_CHIP: Text = { zh: '请使用芯片：插卡', en: 'Use the chip: insert the card' };
const UNAVAILABLE: Text = { zh: '设备无响应，请检查连接后重试', en: 'The device does not answer: check its connection and try again' };
const NO_KEYS: Text = { zh: '未签到，无工作密钥；请检查网络后重新签到', en: 'Not signed on, no working keys: check the network and sign on again' };
const CANCELLED: Text = { zh: '已取消', en: 'Cancelled' };

/** `Card.AmountChanged` of a chip that is still in. */
export const INSERT_AGAIN = { zh: '金额已改变，请取卡后重新插卡', en: 'The amount has changed: take the card out and insert it again' };

/** States errors that a card payment may end with, beside core's own. */
export const METHOD_ERRORS = {
  'Pin.Incorrect': { zh: '密码错误，请重新输入', en: 'Wrong PIN: enter it again' },
  'Card.UseChip': USE_CHIP,
  'Card.Declined': { zh: '卡片拒绝交易，请换卡', en: 'The card refused: use another card' },
  'Card.AmountChanged': { zh: '金额已改变，请重新挥卡', en: 'The amount has changed: tap the card again' },
  'Card.AmountInvalid': { zh: '银行卡只收人民币，金额须大于零', en: 'Cards are charged in CNY, more than zero' },
  'Card.Removed': CARD_REMOVED,
  'Card.ChipFailed': { zh: '芯片读取失败，请重新插卡', en: 'The chip failed: insert the card again' },
  'Payment.OriginalMissing': { zh: '没有可撤销的原交易', en: 'There is no original sale to void' },
  'Sensitive.Lost': SENSITIVE_LOST,
  'Device.Unavailable': UNAVAILABLE,
} as const satisfies { readonly [name: string]: Text };

export const READ_ERRORS = {
  'Card.Unreadable': { zh: '无法读卡，请换卡或换付款方式', en: 'The card can not be read: use another card or another way to pay' },
  'Card.UseChip': USE_CHIP,
  'Card.Expired': { zh: '该卡已过期，请换卡', en: 'The card has expired: use another card' },
  'Terminal.Cancelled': CANCELLED,
  'Device.Unavailable': UNAVAILABLE,
} as const satisfies { readonly [name: string]: Text };

export const REMOVE_ERRORS = { 'Terminal.Cancelled': CANCELLED, 'Device.Unavailable': UNAVAILABLE } as const satisfies { readonly [name: string]: Text };

export const PIN_ERRORS = {
  'Terminal.Cancelled': { zh: '持卡人取消了输入密码', en: 'PIN entry was cancelled' },
  'Sensitive.Lost': SENSITIVE_LOST,
  'PinPad.NoKeys': NO_KEYS,
  'Device.Unavailable': UNAVAILABLE,
} as const satisfies { readonly [name: string]: Text };

const WAYS: { readonly [entry in CardEntry]: Text } = {
  insert: { zh: '插卡', en: 'insert' },
  swipe: { zh: '刷卡', en: 'swipe' },
  tap: { zh: '挥卡', en: 'tap' },
};
const HOLD: { readonly [entry in CardEntry]: Text } = {
  insert: { zh: '插卡时芯片朝上，插到底', en: 'chip up and all the way in' },
  swipe: { zh: '刷卡时磁条朝下，匀速划过', en: 'stripe down, at an even speed' },
  tap: { zh: '挥卡时平贴感应区约一秒', en: 'flat on the reader for about a second' },
};

const listed = (accept: readonly CardEntry[], from: typeof WAYS): Text => ({
  zh: accept.map((entry) => from[entry].zh).join('、'),
  en: accept.map((entry) => from[entry].en).join(' or '),
});

/** What displays show beside a working device. */
export const SHOWN = {
  present: (accept: readonly CardEntry[]): Text => {
    const { zh, en } = listed(accept, WAYS);
    return { zh: `请${zh}`, en: `Please ${en} your card` };
  },
  again: (accept: readonly CardEntry[]): Text => {
    const ways = listed(accept, WAYS);
    const { zh } = listed(accept, HOLD);
    const en = accept.map((entry) => `${WAYS[entry].en} ${HOLD[entry].en}`).join('; ');
    return { zh: `读卡失败，请重试${ways.zh}（${zh}）`, en: `The card was not read. Try again: ${en}` };
  },
  insertInstead: { zh: '这是芯片卡，请插卡', en: 'This card has a chip: please insert it' },
  stripeInstead: { zh: '芯片无法读取，请改为刷卡（磁条朝下，匀速划过）', en: 'The chip can not be read: please swipe the card (stripe down, at an even speed)' },
  waitForCard: { zh: '等待持卡人出示银行卡', en: 'Waiting for the card' },
  takeCard: { zh: '请取回您的卡', en: 'Please take your card' },
  keepCardIn: { zh: '交易处理中，请勿拔卡', en: 'Processing: please leave the card in' },
  processing: { zh: '交易处理中，请稍候', en: 'Processing, please wait' },
  enterPin: { zh: '请输入密码，输入时请遮挡键盘', en: 'Enter your PIN, and cover the keypad with your hand' },
  enterPinAgain: { zh: '密码错误，请重新输入，输入时请遮挡键盘', en: 'Wrong PIN: enter it again, and cover the keypad with your hand' },
  waitForPin: { zh: '等待持卡人输入密码', en: 'Waiting for the PIN' },
  signingOn: { zh: '正在签到', en: 'Signing on' },
} as const;

export const HEALTH = {
  acquirer: {
    label: { zh: '收单机构连接', en: 'Connection to the acquirer' },
    hint: { zh: '无法连接收单机构：请检查网络和地址', en: 'The acquirer can not be reached: check the network and its address' },
  },
  keys: {
    label: { zh: '工作密钥', en: 'Working keys' },
    hint: (why: string): Text => ({ zh: `签到失败：请检查终端号、商户号和主密钥（${why}）`, en: `Signing on failed: check terminal id, merchant id and master key (${why})` }),
  },
} as const;
