import { join } from 'node:path';
import type { CardEntry, Clock, Json, TillStatus } from '@tillwright/core/contract';
import { EventEmitter } from 'eventemitter3';
import { sampleCards, type SampleCard } from './cards/sample-cards.js';
import { CardCounters } from './devices/card-counters.js';
import { SimulatedCardReader, type CardFault } from './devices/card-reader.js';
import { PadMemory } from './devices/pad-memory.js';
import { SimulatedPinPad } from './devices/pin-pad.js';
import { SimulatedPrinter, type PrinterOptions } from './devices/printer.js';
import { SimulatedScanner } from './devices/scanner.js';
import { Surroundings } from './devices/surroundings.js';
import { SimulationError } from './errors.js';
import { Director } from './script/director.js';
import { parseScript } from './script/parse.js';
import type { Gap, PromptShown } from './script/player.js';
import type { DeviceName, Happening, PrintedReceipt, Stage, Waiting } from './stage.js';

/** What can be heard. No event holds card data, a PIN, a key or a payer's code. */
export interface SimulationEvents {
  /** A device waits for someone; ask now. */
  waiting: (what: Waiting) => void;
  /** It waits no more. */
  idle: (what: { readonly device: DeviceName }) => void;
  /** How many digits of the PIN stand on the pad. */
  digits: (what: { readonly count: number }) => void;
  /** A device took no notice of what was done to it. */
  ignored: (what: { readonly device: DeviceName; readonly why: string }) => void;
  receipt: (receipt: PrintedReceipt) => void;
  happened: (what: Happening) => void;
  /** The script has no reaction; the device ended with `Device.Unavailable`. */
  gap: (gap: Gap) => void;
}

export interface SimulationOptions extends PrinterOptions {
  /** What merchant and customer do: JSON text or a value, by `scriptSchema`. Without it, someone calls the methods below. */
  readonly script?: Json | string;
  /** The clock that the device's own wall clock follows; the engine's where absent. */
  readonly clock?: Pick<Clock, 'now'>;
  /** What the device's wall clock shows when the simulation begins, ms since 1970; the clock's own time where absent. */
  readonly epoch?: number;
  /** As the acquirer handed it out, 16 bytes in hexadecimal: goes into the PIN pad. */
  readonly terminalMasterKey?: string;
  /** This counter's own directory, where PIN pad and chips keep their memory over a restart. In memory only where absent. */
  readonly stateDir?: string;
  readonly cards?: readonly SampleCard[];
  /** Another counter, whose customers come to this one with the same cards: a chip counts on wherever it is used. */
  readonly sameCardsAs?: SimulatedTill;
  /** Makes the PIN pad's own serial number and key; the machine's randomness where absent. */
  readonly random?: (length: number) => Uint8Array;
}

/**
 * Makes the devices of one till's counter and the people in front of it.
 * @throws ScriptError SCRIPT_INVALID; SimulationError SIMULATION_MISUSED, PAD_MEMORY_DAMAGED, CARD_MEMORY_DAMAGED
 */
export const createSimulation = (options: SimulationOptions = {}): SimulatedTill => new SimulatedTill(options);

/** One counter: its devices (`reader`, `pinPad`, `scanner`, `printer`, `status`) and what a person can do to them. */
export class SimulatedTill extends EventEmitter<SimulationEvents> {
  readonly reader: SimulatedCardReader;
  readonly pinPad: SimulatedPinPad;
  readonly scanner: SimulatedScanner;
  readonly printer: SimulatedPrinter;
  /** What the script had no reaction for, in order. */
  readonly gaps: Gap[] = [];
  readonly #cards: readonly SampleCard[];
  readonly #counters: CardCounters;
  readonly #surroundings: Surroundings;
  readonly #broken = new Set<DeviceName>();
  readonly #director: Director | undefined;

  constructor(options: SimulationOptions) {
    super();
    this.#cards = options.cards ?? sampleCards;
    this.#surroundings = new Surroundings(options);
    const stage = this.#stage();
    const counters = (options.sameCardsAs === undefined ? undefined : options.sameCardsAs.#counters) ?? new CardCounters(options.stateDir === undefined ? undefined : join(options.stateDir, 'cards.json'));
    this.#counters = counters;
    const memory = new PadMemory(options.stateDir === undefined ? undefined : join(options.stateDir, 'pin-pad-memory.json'), options.terminalMasterKey, options.random);
    const scripted = options.script !== undefined;
    this.reader = new SimulatedCardReader(stage, (cardId) => counters.next(cardId), scripted);
    this.pinPad = new SimulatedPinPad(stage, memory);
    this.scanner = new SimulatedScanner(stage);
    this.printer = new SimulatedPrinter(stage, options);
    this.#director = options.script === undefined ? undefined : new Director(parseScript(options.script), this);
  }

  /** The cards that can be presented, for a screen to choose from: nothing that stands on them. */
  get cards(): readonly Pick<SampleCard, 'id' | 'description' | 'works'>[] {
    return this.#cards.map(({ id, description, works }) => ({ id, description, works }));
  }

  get status(): TillStatus {
    return this.#surroundings;
  }

  /** Receipts as they came out, oldest first. */
  get receipts(): readonly PrintedReceipt[] {
    return this.printer.receipts;
  }

  // -- the script

  get scripted(): boolean {
    return this.#director !== undefined;
  }

  /** The script's transactions in order; the first is being played. Empty without a script. */
  get transactions(): readonly { readonly name?: string; readonly input?: Json }[] {
    return (this.#director?.player.transactions ?? []).map(({ name, input }) => ({
      ...(name === undefined ? {} : { name }),
      ...(input === undefined ? {} : { input }),
    }));
  }

  /** Goes on to the script's next transaction. @returns false after the last */
  nextTransaction(): boolean {
    return this.#director?.next() ?? false;
  }

  /** JSON Pointers of this transaction's reactions that are not used up. */
  unusedSteps(): readonly string[] {
    return this.#director?.player.unused() ?? [];
  }

  /**
   * What the script answers to a prompt: a value, 'cancel', or undefined where nobody reacts.
   * @throws SCRIPT_GAP where the script says nothing of such a prompt; SIMULATION_MISUSED without a script
   */
  answer(prompt: PromptShown): Json | undefined {
    if (!this.#director) {
      throw new SimulationError(
        'SIMULATION_MISUSED',
        { zh: '没有脚本，无法回答提示', en: 'There is no script that could answer prompts' },
        { zh: '请提供脚本，或由人员回答', en: 'Give a script, or let a person answer' },
      );
    }
    return this.#director.answer(prompt);
  }

  // -- the customer; each returns false where the device took no notice

  /** @throws SIMULATION_MISUSED for a card that is not among `cards` */
  presentCard(cardId: string, by: CardEntry, fault?: CardFault): boolean {
    const card = this.#cards.find(({ id }) => id === cardId);
    if (!card) {
      throw new SimulationError(
        'SIMULATION_MISUSED',
        { zh: '没有这张示例卡', en: 'There is no such sample card' },
        { zh: `可用的卡：${this.#cardIds()}`, en: `Use one of: ${this.#cardIds()}` },
      );
    }
    return this.reader.present(card, by, fault);
  }

  removeCard(): boolean {
    return this.reader.take();
  }

  typePin(digits: string): boolean {
    return this.pinPad.type(digits);
  }

  pressEnter(): boolean {
    return this.pinPad.enter();
  }

  pressClear(): boolean {
    return this.pinPad.clear();
  }

  pressCancel(): boolean {
    return this.pinPad.cancel();
  }

  pressBypass(): boolean {
    return this.pinPad.bypass();
  }

  scan(code: string): boolean {
    return this.scanner.present(code);
  }

  /** The till's process is gone: nobody waits at the devices any more, and what is done to them concerns nobody. */
  abandon(): void {
    for (const device of [this.reader, this.pinPad, this.scanner, this.printer]) device.abandon();
  }

  // -- the surroundings

  setPaper(there: boolean): void {
    this.printer.setPaper(there);
  }

  setNetwork(up: boolean): void {
    this.#surroundings.networkOk = up;
  }

  setPower(power: { readonly ok: boolean; readonly batteryPercent?: number }): void {
    this.#surroundings.powerState = power;
  }

  /** How far the device's wall clock is ahead of the till's. */
  setClockSkew(ms: number): void {
    this.#surroundings.skewMs = ms;
  }

  /** A broken device answers `Device.Unavailable`, also to whoever waits for it. */
  setBroken(device: DeviceName, broken: boolean): void {
    if (!broken) {
      this.#broken.delete(device);
      return;
    }
    this.#broken.add(device);
    if (device !== 'printer') this.#waiter(device).fail('the device does not answer any more');
  }

  /** The wall clock follows this clock unless the simulation was given its own. @internal */
  useClock(clock: Pick<Clock, 'now'>): void {
    this.#surroundings.useClock(clock);
  }

  /** Ends a wait that the script has no reaction for. @internal */
  leaveGap(device: Exclude<DeviceName, 'printer'>, gap: Gap): void {
    this.tellGap(gap);
    this.#waiter(device).fail(`SCRIPT_GAP: the script has no reaction to ${gap.what} in transaction ${gap.transaction}`);
  }

  /** @internal */
  tellGap(gap: Gap): void {
    this.gaps.push(gap);
    this.emit('gap', gap);
  }

  #waiter(device: Exclude<DeviceName, 'printer'>): { fail(why: string): boolean } {
    return { reader: this.reader, pinpad: this.pinPad, scanner: this.scanner }[device];
  }

  #cardIds(): string {
    return this.#cards.map(({ id }) => id).join(', ');
  }

  #stage(): Stage {
    return {
      waiting: (what) => {
        this.emit('waiting', what);
        if (what.for !== 'removal') this.#director?.react(what.device);
      },
      idle: (device) => void this.emit('idle', { device }),
      digits: (count) => void this.emit('digits', { count }),
      ignored: (device, why) => void this.emit('ignored', { device, why }),
      printed: (receipt) => void this.emit('receipt', receipt),
      printing: () => this.#director?.printing(),
      happened: (what) => {
        this.emit('happened', what);
        this.#director?.happened(what);
      },
      broken: (device) => this.#broken.has(device),
    };
  }
}
