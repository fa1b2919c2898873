/** Merchant and customer of one sale, who want it to come about in one certain way, and do their part again whenever they are asked. */
import type { Prompt, Till } from '@tillwright/core';
import type { CardEntry, Json } from '@tillwright/core/contract';
import type { Life } from '@tillwright/core/testing';
import type { Waiting } from '@tillwright/device-sim';
import type { Shop } from '../shop.js';

/** How the money is given. `points`: a member's points first, and the rest so. */
export interface Way {
  readonly method: 'card' | 'alipay' | 'wechat';
  readonly by: CardEntry | 'scan' | 'show';
  readonly points?: boolean;
}

const MEMBER = '9100000000000010';
const CARDS: { readonly [by in CardEntry]: string } = { tap: 'contactless-ok', insert: 'chip-ok', swipe: 'stripe-only' };
const AMOUNT_MINOR = 8850;

export class Customer {
  /** Payers' codes that were shown. */
  readonly codes: string[] = [];
  /** What stood on the screens. */
  readonly shown: string[] = [];
  readonly #shop: Shop;
  readonly #way: Way;

  constructor(shop: Shop, way: Way) {
    this.#shop = shop;
    this.#way = way;
    shop.world.on('waiting', (what) => this.#soon(() => this.#atDevice(what)));
  }

  /** Stands before the screens of a till that was just opened. */
  watch(till: Till, life: Life): void {
    till.on('prompt', (prompt) => {
      this.shown.push(JSON.stringify(prompt.show));
      this.#soon(async () => {
        if (!life.alive || !till.prompts().some(({ id }) => id === prompt.id)) return;
        if (prompt.show['qr'] !== undefined) await this.#scanQr();
        if (prompt.kind === 'device') return;
        const answer = this.#answerTo(prompt);
        if (answer === undefined) till.cancelPrompt(prompt.id, prompt.audience);
        else till.answer(prompt.id, answer);
      });
    });
  }

  /** @returns undefined where nothing can be chosen */
  #answerTo({ kind, show, answer }: Prompt): Json | undefined {
    if (kind === 'amount') {
      const { minimum = 1, maximum = AMOUNT_MINOR } = (answer ?? {}) as { minimum?: number; maximum?: number };
      return Math.max(minimum, Math.min(maximum, AMOUNT_MINOR));
    }
    if (kind !== 'choose') return true;
    const options = (show['options'] ?? []) as readonly { readonly value: Json; readonly disabled?: boolean }[];
    const open = options.filter(({ disabled }) => disabled !== true).map(({ value }) => value);
    const { method, by, points } = this.#way;
    // Once it has failed, nothing else is tried.
    const wanted = ['end', method, by, points ? 'points' : 'none', 'lower'].find((value) => open.includes(value));
    return wanted ?? open[0];
  }

  #atDevice(what: Waiting): void {
    const { world } = this.#shop;
    const { method, by } = this.#way;
    if (what.device === 'reader') {
      if (what.for === 'removal') {
        world.removeCard();
        return;
      }
      const fitting = by !== 'scan' && by !== 'show' && what.accept.includes(by) ? by : what.accept[0];
      if (by === fitting || what.accept.length > 1) world.presentCard(CARDS[fitting ?? 'insert'], fitting ?? 'insert');
    } else if (what.device === 'pinpad') {
      world.typePin('123456');
      world.pressEnter();
    } else world.scan(this.#asksForMember() ? MEMBER : this.#code(method === 'wechat' ? '13' : '28'));
  }

  #asksForMember(): boolean {
    return this.#shop.life.alive && this.#shop.till.prompts().some(({ step }) => step.includes('TakeMember'));
  }

  #code(prefix: string): string {
    const code = `${prefix}${String(1_000_000_000_000_000 + this.codes.length).padStart(16, '0')}`;
    this.codes.push(code);
    return code;
  }

  async #scanQr(): Promise<void> {
    const { hosts } = this.#shop;
    for (const host of ['alipay', 'wechat'] as const) {
      const waiting = hosts.ledger(host).find(({ status }) => status === 'waiting');
      if (waiting) await hosts.scan(host, { reference: waiting.reference, outcome: 'pays' });
    }
  }

  /** People take a moment: what asks them is there by then. */
  #soon(act: () => void | Promise<void>): void {
    const { clock } = this.#shop;
    void clock.until(clock.now() + 1_500).then(act);
  }
}
