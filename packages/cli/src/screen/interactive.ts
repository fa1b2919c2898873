/** The till in a terminal: one question at a time, the merchant's and the customer's on one screen. */
import { type Prompt, type Text, type Till, TillwrightError } from '@tillwright/core';
import type { SimulatedTill, Waiting } from '@tillwright/device-sim';
import { encodeQR } from 'qr';
import { type Language, say } from '../language.js';
import { askChoice, askNext, askPin, askPrompt, askText, audienceName, CANCEL, codeQuestion, type Draft, isCancel } from './questions.js';

/** Plays the customer's phone on the QR code of a prompt. @returns false where the payment's host is not simulated here @throws what the simulated host can not be told */
export type Payer = (prompt: Prompt, outcome: 'pays' | 'declines') => Promise<boolean>;

interface Question {
  readonly id: string;
  readonly stop: AbortController;
  readonly draft: Draft;
  /** Only while there is nothing else to ask. */
  readonly isIdle: boolean;
  ask(signal: AbortSignal, draft: Draft): Promise<void>;
}

export interface Screen {
  /** Shown at once; a question that is open is asked again below it. */
  notice(text: string): void;
  /** Between two sales. @returns false when the till is to be closed */
  next(): Promise<boolean>;
}

/** Puts a till on this terminal: from here on its prompts and devices ask here. */
export const showInteractively = (till: Till, world: SimulatedTill, language: Language, payer: Payer): Screen => {
  const screen = new InteractiveScreen(till, world, language, payer);
  screen.attach();
  return screen;
};

class InteractiveScreen implements Screen {
  readonly #till: Till;
  readonly #world: SimulatedTill;
  readonly #language: Language;
  readonly #payer: Payer;
  readonly #questions: Question[] = [];
  readonly #shown = new Map<string, string>();
  #asking = false;
  /** Aborts the question that is asked, so that something can be shown above it. */
  #interruption = new AbortController();
  readonly #notices: string[] = [];

  constructor(till: Till, world: SimulatedTill, language: Language, payer: Payer) {
    this.#payer = payer;
    this.#till = till;
    this.#world = world;
    this.#language = language;
  }

  attach(): void {
    this.#till.on('prompt', (prompt) => this.#prompt(prompt));
    this.#till.on('prompt-closed', (prompt) => this.#close(prompt.id));
    this.#world.on('waiting', (what) => this.#waiting(what));
    this.#world.on('idle', ({ device }) => this.#close(device));
  }

  notice(text: string): void {
    // Written into an open question, it would be wiped at the next key.
    this.#notices.push(text);
    if (this.#asking) this.#interruption.abort();
    else this.#showNotices();
  }

  next(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#enqueue('next', async (signal) => {
        try {
          resolve(await askNext(this.#language, signal));
        } catch (error) {
          // Ctrl-C between two sales closes the till.
          if (!(error instanceof Error) || error.name !== 'ExitPromptError') throw error;
          resolve(false);
        }
      });
    });
  }

  #showNotices(): void {
    for (const text of this.#notices.splice(0)) console.log(text);
  }

  #prompt(prompt: Prompt): void {
    if (prompt.kind === 'device') {
      this.#tell(prompt);
      return;
    }
    this.#enqueue(prompt.id, async (signal, draft) => {
      const answer = await askPrompt(prompt, this.#language, signal, draft);
      if (answer === CANCEL) this.#till.cancelPrompt(prompt.id, prompt.audience);
      else this.#till.answer(prompt.id, answer);
    });
  }

  /** Texts beside a device, and a QR code where there is one. */
  #tell(prompt: Prompt): void {
    const text = `[${audienceName(this.#language, prompt.audience)}] ${say(this.#language, prompt.show.text)}`;
    // A PIN pad shows one more star with each digit: the text is told once.
    const seen = JSON.stringify([prompt.show.text, prompt.show['qr'] ?? '']);
    if (this.#shown.get(prompt.id) === seen) return;
    this.#shown.set(prompt.id, seen);
    console.log(text);
    const qr = prompt.show['qr'];
    if (typeof qr !== 'string') {
      if (this.#till.payments().some(({ state }) => state === 'undecided')) this.#offerCancel(prompt);
      return;
    }
    console.log(encodeQR(qr, 'ascii'));
    // A wallet's app would read it: the simulated host plays the customer who has one.
    const scan = async (signal: AbortSignal): Promise<void> => {
      const ways = [
        { value: 'pays', name: say(this.#language, { zh: '顾客扫码并付款', en: 'The customer scans and pays' }) },
        { value: 'declines', name: say(this.#language, { zh: '顾客扫码后放弃', en: 'The customer scans and declines' }) },
      ] as const;
      const way = await askChoice(say(this.#language, { zh: '等待顾客扫码付款', en: 'Waiting for the customer to scan and pay' }), ways, this.#language, signal);
      if (way === CANCEL) return this.#till.cancelPrompt(prompt.id, prompt.audience);
      const isPlayed = await this.#payer(prompt, way).catch((error: unknown) => this.#failed(error));
      if (isPlayed === true && way === 'pays') return;
      // Who declines leaves the code where it stands, until its host says so or the merchant cancels.
      if (isPlayed === false) console.log(say(this.#language, { zh: '这种支付方式的主机不在此模拟：请用它自己的付款端扫码', en: 'The host of this method is not simulated here: scan with what pays there' }));
      return scan(signal);
    };
    for (const question of this.#questions) if (question.id === prompt.id && question.isIdle) question.stop.abort();
    this.#enqueue(prompt.id, scan);
  }

  /** Its payer may never answer, nor its host. */
  #offerCancel({ id, audience }: Prompt): void {
    const message = say(this.#language, { zh: '输入 c 取消这笔付款', en: 'c cancels this payment' });
    const ask = async (signal: AbortSignal, draft: Draft): Promise<void> => {
      await askText(message, signal, draft, (text) => isCancel(text) || message);
      this.#till.cancelPrompt(id, audience);
    };
    this.#enqueue(id, ask, { isIdle: true });
  }

  #waiting(what: Waiting): void {
    if (what.for === 'removal') {
      this.#world.removeCard();
      return;
    }
    this.#enqueue(what.device, (signal, draft) => this.#act(what, signal, draft));
  }

  /** Plays the customer: which card, which PIN, which code. */
  async #act(what: Exclude<Waiting, { for: 'removal' }>, signal: AbortSignal, draft: Draft): Promise<void> {
    const language = this.#language;
    const customer = `[${audienceName(language, 'customer')}] `;
    if (what.for === 'card') {
      const cards = this.#world.cards.map(({ id, description, works }) => ({ value: { id, works }, name: `${id} — ${describe(description, language)}` }));
      const chosen = await askChoice(customer + say(language, { zh: '用哪张卡？', en: 'Which card?' }), cards, language, signal);
      if (chosen === CANCEL) return this.#cancelDevice();
      const ways = what.accept.map((by) => ({ value: by, name: say(language, entries[by]) }));
      const by = await askChoice(customer + say(language, { zh: '怎么用？', en: 'How?' }), ways, language, signal);
      if (by === CANCEL) return this.#cancelDevice();
      if (this.#world.presentCard(chosen.id, by)) return;
      console.log(say(language, { zh: '读卡器不这样读这张卡', en: 'The reader does not take this card so' }));
      return this.#act(what, signal, draft);
    }
    if (what.for === 'pin') {
      const bypass = what.allowBypass ? say(language, { zh: '，直接回车为不输密码', en: ', Enter alone for no PIN' }) : '';
      const message = customer + say(language, { zh: '输入密码（请遮挡键盘，c 取消', en: 'PIN (cover the pad; c cancels' }) + bypass + say(language, { zh: '）', en: ')' });
      const digits = await askPin(message, what, language, signal);
      if (isCancel(digits)) this.#world.pressCancel();
      else if (digits === '') this.#world.pressBypass();
      else {
        this.#world.typePin(digits);
        this.#world.pressEnter();
      }
      return;
    }
    const message = customer + codeQuestion(this.#till.catalogue.methods, language);
    const code = await askText(message, signal, draft, (text) => (text.trim() === '' ? say(language, { zh: '请输入', en: 'Please enter it' }) : true));
    if (isCancel(code)) return this.#cancelDevice();
    this.#world.scan(code.trim());
  }

  #cancelDevice(): void {
    const open = this.#till.prompts().find((prompt) => prompt.kind === 'device');
    if (open) this.#till.cancelPrompt(open.id, open.audience);
  }

  #enqueue(id: string, ask: Question['ask'], { isIdle = false } = {}): void {
    // One that is taken back may still stand in line: who asks anew is no second one.
    if (this.#questions.some((question) => question.id === id && !question.stop.signal.aborted)) return;
    if (!isIdle && this.#questions[0]?.isIdle) this.#interruption.abort();
    this.#questions.push({ id, ask, stop: new AbortController(), draft: { text: '' }, isIdle });
    this.#questions.sort((a, b) => Number(a.isIdle) - Number(b.isIdle));
    void this.#next();
  }

  #close(id: string): void {
    this.#shown.delete(id);
    for (const question of this.#questions.filter((each) => each.id === id)) question.stop.abort();
  }

  async #next(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    for (let question = this.#questions[0]; question; question = this.#questions[0]) {
      const interrupted = this.#interruption.signal;
      try {
        if (!question.stop.signal.aborted) await question.ask(AbortSignal.any([question.stop.signal, interrupted]), question.draft);
      } catch (error) {
        if (interrupted.aborted && !question.stop.signal.aborted && isAbort(error)) {
          this.#interruption = new AbortController();
          this.#showNotices();
          continue;
        }
        this.#failed(error);
      }
      this.#questions.splice(this.#questions.indexOf(question), 1);
      if (interrupted.aborted) {
        this.#interruption = new AbortController();
        this.#showNotices();
      }
    }
    this.#asking = false;
  }

  #failed(error: unknown): void {
    const name = error instanceof Error ? error.name : '';
    if (isAbort(error) || TillwrightError.is(error, 'PROMPT_UNKNOWN')) return;
    if (name === 'ExitPromptError') {
      // Ctrl-C: everything that is open is cancelled; the flow decides what that means.
      for (const { executionId, status } of this.#till.executions()) if (status === 'running') this.#till.cancel(executionId, 'merchant', 'Ctrl-C');
      return;
    }
    console.error(error instanceof Error ? error.message : 'error');
  }
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortPromptError';

const entries = {
  insert: { zh: '插卡', en: 'insert' },
  swipe: { zh: '刷卡', en: 'swipe' },
  tap: { zh: '挥卡', en: 'tap' },
} as const satisfies Record<string, Text>;

const describe = (description: Text | string, language: Language): string => (typeof description === 'string' ? description : say(language, description));
