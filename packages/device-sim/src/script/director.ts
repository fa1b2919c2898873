import type { CardEntry, Json } from '@tillwright/core/contract';
import type { CardFault } from '../devices/card-reader.js';
import { SimulationError } from '../errors.js';
import type { DeviceName, Happening } from '../stage.js';
import { ScriptPlayer, type Gap, type PromptShown } from './player.js';
import type { Change, Reaction, Script } from './script.js';

/** What the director needs of the counter. */
export interface Counter {
  presentCard(cardId: string, by: CardEntry, fault?: CardFault): boolean;
  typePin(digits: string): boolean;
  pressEnter(): boolean;
  pressClear(): boolean;
  pressCancel(): boolean;
  pressBypass(): boolean;
  scan(code: string): boolean;
  setPaper(there: boolean): void;
  setNetwork(up: boolean): void;
  setPower(power: { readonly ok: boolean; readonly batteryPercent?: number }): void;
  setClockSkew(ms: number): void;
  setBroken(device: DeviceName, broken: boolean): void;
  leaveGap(device: Exclude<DeviceName, 'printer'>, gap: Gap): void;
  tellGap(gap: Gap): void;
}

/** No payment code at all: what a scanner makes of a scratched screen. */
const GARBAGE = '#?/2B-0x%%';

/** Plays merchant and customer as the script says. */
export class Director {
  readonly player: ScriptPlayer;
  readonly #counter: Counter;

  constructor(script: Script, counter: Counter) {
    this.player = new ScriptPlayer(script);
    this.#counter = counter;
    this.#open();
  }

  next(): boolean {
    const more = this.player.next();
    if (more) this.#open();
    return more;
  }

  /** A device waits: gives it the first reaction that it takes notice of. */
  react(device: Exclude<DeviceName, 'printer'>): void {
    const passedOver = new Set<Reaction>();
    for (;;) {
      const reaction = this.player.forDevice(device, passedOver);
      if (!reaction) {
        this.#counter.leaveGap(device, this.player.gap(`device ${device}`));
        return;
      }
      if (reaction.walksAway || this.#give(device, reaction)) return;
      passedOver.add(reaction);
    }
  }

  printing(): 'paper-out' | 'paper-out-midway' | 'unavailable' | undefined {
    const fault = this.player.forDevice('printer')?.fault;
    return fault === 'paper-out' || fault === 'paper-out-midway' || fault === 'unavailable' ? fault : undefined;
  }

  answer(prompt: PromptShown): Json | undefined {
    const reaction = this.player.forPrompt(prompt);
    if (!reaction) {
      // Beside a working device the device itself is reacted to.
      if (prompt.kind === 'device') return undefined;
      const gap = this.player.gap(`prompt ${prompt.kind} (${prompt.audience})`);
      this.#counter.tellGap(gap);
      throw gapError(gap);
    }
    if (reaction.walksAway) return undefined;
    if (prompt.kind !== 'device') this.happened(prompt.kind);
    return reaction.cancel ? 'cancel' : reaction.answer;
  }

  happened(what: Happening): void {
    for (const change of this.player.following(what)) {
      // The till must have been told that there is no paper before someone puts some in.
      if (change.do === 'paper-in') setImmediate(() => this.#change(change));
      else this.#change(change);
    }
  }

  /** @returns false where the device took no notice, so that the next reaction is tried */
  #give(device: Exclude<DeviceName, 'printer'>, reaction: Reaction): boolean {
    const counter = this.#counter;
    if (reaction.unavailable) {
      counter.setBroken(device, true);
      counter.setBroken(device, false);
      return true;
    }
    if (reaction.card !== undefined) return counter.presentCard(reaction.card, reaction.by ?? 'insert', reaction.fault as CardFault | undefined);
    if (reaction.bypass) return counter.pressBypass();
    if (reaction.cancel) return counter.pressCancel();
    if (reaction.pin !== undefined) {
      counter.pressClear();
      return counter.typePin(reaction.pin) && counter.pressEnter();
    }
    return counter.scan(reaction.garbage ? GARBAGE : (reaction.code ?? ''));
  }

  #open(): void {
    for (const change of this.player.opening()) this.#change(change);
  }

  #change(change: Change): void {
    const counter = this.#counter;
    const what = change.fault ?? change.do;
    if (what === 'paper-out' || what === 'paper-in') counter.setPaper(what === 'paper-in');
    if (what === 'network-down' || what === 'network-up') counter.setNetwork(what === 'network-up');
    if (what === 'power-low') counter.setPower({ ok: false, batteryPercent: change.batteryPercent ?? 3 });
    if (what === 'power-ok') counter.setPower({ ok: true, batteryPercent: change.batteryPercent ?? 100 });
    if (what === 'clock-skew') counter.setClockSkew(change.skewMs ?? 0);
    if (what === 'clock-right') counter.setClockSkew(0);
    if (change.device && (what === 'device-broken' || what === 'device-mended')) counter.setBroken(change.device, what === 'device-broken');
  }
}

const gapError = (gap: Gap): SimulationError => {
  const unused = gap.unused.join(', ');
  return new SimulationError(
    'SCRIPT_GAP',
    {
      zh: `脚本（交易 ${gap.transaction}）没有对 ${gap.what} 的反应`,
      en: `The script has no reaction to ${gap.what} in transaction ${gap.transaction}`,
    },
    unused === ''
      ? { zh: '添加相应的步骤', en: 'Add a step for it' }
      : { zh: `添加相应的步骤；尚未用到的步骤：${unused}`, en: `Add a step for it; steps not used up: ${unused}` },
  );
};
