/** Merchant, customers and payers of one shop: they answer whatever they are asked, mostly as they should. */
import type { Prompt, Till } from '@tillwright/core';
import type { Json } from '@tillwright/core/contract';
import type { Life, Random } from '@tillwright/core/testing';
import { type CardFault, sampleCards, type SimulatedTill, type Waiting } from '@tillwright/device-sim';
import type { Shop } from '../shop.js';
import type { Swarm } from './swarm.js';

const GOOD_CARDS = ['chip-ok', 'contactless-ok', 'stripe-only', 'chip-and-stripe'];
const CARD_FAULTS: readonly CardFault[] = ['unreadable', 'chip-failure', 'pulled-before-cryptogram', 'pulled-after-cryptogram'];

export class People {
  /** Every payer's code that was shown: none may be found anywhere. */
  readonly codes: string[] = [];
  /** What was shown to anybody. */
  readonly shown: string[] = [];
  readonly #shop: Shop;
  readonly #random: Random;
  readonly #swarm: Swarm;
  readonly #failed: (error: unknown) => void;

  constructor(shop: Shop, options: { readonly random: Random; readonly swarm: Swarm; readonly failed: (error: unknown) => void }) {
    this.#shop = shop;
    this.#random = options.random;
    this.#swarm = options.swarm;
    this.#failed = options.failed;
    for (const terminal of shop.terminals) {
      const world = shop.worldOf(terminal);
      world.on('waiting', (what) => this.#later(() => this.#atDevice(world, what)));
    }
  }

  /** Stands before the screens of a till that was just opened. */
  watch(till: Till, life: Life): void {
    till.on('prompt', (prompt) => {
      this.shown.push(JSON.stringify(prompt.show));
      if (this.#swarm.strikes('walk-away')) return;
      this.#later(() => {
        if (life.alive && till.prompts().some(({ id }) => id === prompt.id)) this.#answer(till, prompt);
      });
    });
  }

  /** Payers with phones: whoever sees a QR scans it, mostly; whoever is asked decides. */
  async payers(): Promise<void> {
    for (const host of ['alipay', 'wechat'] as const) {
      for (const { reference, status } of this.#shop.hosts.ledger(host)) {
        if (status !== 'waiting' || this.#random.next() > 0.5) continue;
        const outcome = this.#swarm.strikes('payer-strange') ? (this.#random.next() < 0.5 ? 'declines' : 'walks-away') : 'pays';
        // It may have been closed since.
        await this.#shop.hosts.scan(host, { reference, outcome, ...(this.#random.next() < 0.3 ? { afterQueries: this.#under(4) } : {}) }).catch(() => {});
      }
    }
  }

  #answer(till: Till, prompt: Prompt): void {
    // Beside a working device there is only cancel.
    if (this.#swarm.strikes('cancel')) till.cancelPrompt(prompt.id, prompt.audience);
    else if (prompt.kind !== 'device') till.answer(prompt.id, this.#fitting(prompt));
  }

  #fitting({ kind, show, answer }: Prompt): Json {
    if (kind === 'amount') {
      const { minimum = 1, maximum = 5_000_000 } = (answer ?? {}) as { minimum?: number; maximum?: number };
      // Small ones, and now and then one above the limits for PIN and password.
      const most = Math.min(maximum, this.#random.next() < 0.15 ? 300_000 : 9_000);
      return Math.max(minimum, 1 + this.#under(most));
    }
    if (kind !== 'choose') return true;
    const options = (show['options'] ?? []) as readonly { readonly value: Json; readonly disabled?: boolean }[];
    const open = options.filter(({ disabled }) => disabled !== true);
    return (open[this.#under(open.length)] ?? options[0])?.value ?? true;
  }

  #atDevice(world: SimulatedTill, what: Waiting): void {
    if (this.#swarm.strikes('walk-away')) return;
    if (what.device === 'reader') {
      if (what.for === 'removal') world.removeCard();
      else this.#presentCard(world, what);
    } else if (what.device === 'pinpad') {
      if (this.#swarm.strikes('cancel')) world.pressCancel();
      else if (this.#random.next() < 0.1 && what.allowBypass) world.pressBypass();
      else {
        world.typePin(this.#swarm.strikes('wrong-pin') ? '000000' : '123456');
        world.pressEnter();
      }
    } else if (this.#swarm.strikes('garbage-code')) world.scan('#?/2B-0x%%');
    else world.scan(this.#code());
  }

  #presentCard(world: SimulatedTill, { accept }: Extract<Waiting, { for: 'card' }>): void {
    const ids = this.#random.next() < 0.8 ? GOOD_CARDS : sampleCards.map(({ id }) => id);
    const fitting = sampleCards.filter((card) => ids.includes(card.id) && card.works.some((by) => accept.includes(by)));
    const card = fitting[this.#under(fitting.length)];
    if (card === undefined) return;
    const ways = card.works.filter((by) => accept.includes(by));
    const fault = this.#swarm.strikes('card-fault') ? CARD_FAULTS[this.#under(CARD_FAULTS.length)] : undefined;
    world.presentCard(card.id, ways[this.#under(ways.length)] ?? 'insert', fault);
    if (this.#swarm.strikes('card-pulled')) this.#later(() => world.removeCard());
  }

  /** A code that nobody showed before; some payers are asked for a password, or think better of it. */
  #code(): string {
    const [first, length, host] = this.#random.next() < 0.5 ? (['28', 16, 'alipay'] as const) : (['13', 16, 'wechat'] as const);
    const code = first + Array.from({ length }, () => this.#under(10)).join('');
    this.codes.push(code);
    if (this.#swarm.strikes('payer-strange')) {
      const outcome = (['pays', 'declines', 'walks-away'] as const)[this.#under(3)] ?? 'pays';
      const payer = { code, name: `payer ${this.codes.length}`, balanceMinor: this.#random.next() < 0.2 ? 10 : 10_000_000, outcome, paysAfterQueries: this.#under(8) };
      void this.#shop.hosts.register(host, [payer]).catch(this.#failed);
    }
    return code;
  }

  /** People take a while. */
  #later(act: () => void): void {
    const { clock } = this.#shop;
    void clock.until(clock.now() + 100 + this.#under(4_000)).then(() => {
      try {
        act();
      } catch (error) {
        this.#failed(error);
      }
    });
  }

  #under(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }
}
