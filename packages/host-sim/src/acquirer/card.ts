import type { Request } from './request.js';

export type Entry = 'keyed' | 'swiped' | 'chip' | 'contactless';

/** The card as a request shows it. */
export interface PresentedCard {
  readonly pan: string;
  /** YYMM, from DE 14 or track 2, when either says it. */
  readonly expiry?: string;
  readonly entry: Entry;
  /** Last digit of DE 22: 1 says that a PIN was entered. */
  readonly pinEntered: boolean;
  /** Two digits of DE 23, when given. */
  readonly sequence?: string;
  /** Field 60.5 = 2: the chip could not be read before this. */
  readonly chipFailedBefore: boolean;
}

const ENTRIES: Readonly<Record<string, Entry>> = { '01': 'keyed', '02': 'swiped', '05': 'chip', '07': 'contactless' };

/** The card of a request, or undefined when its fields are missing or contradict one another (a format error, 30). */
export function presentedCard({ fields }: Request): PresentedCard | undefined {
  const [trackPan, trackRest] = (fields[35] ?? '').split('=');
  const pan = fields[2] ?? trackPan ?? '';
  const trackExpiry = trackRest?.slice(0, 4);
  const expiry = fields[14] ?? trackExpiry;
  const mode = fields[22] ?? '';
  const entry = ENTRIES[mode.slice(0, 2)];
  if (!/^\d{13,19}$/.test(pan) || entry === undefined || !/^[012]$/.test(mode.slice(2, 3))) return undefined;
  if (trackPan !== undefined && trackPan !== '' && trackPan !== pan) return undefined;
  if (trackExpiry !== undefined && expiry !== trackExpiry) return undefined;
  if (entry === 'swiped' && (trackRest ?? '') === '') return undefined;
  const sequence = fields[23]?.slice(-2);
  return {
    pan,
    entry,
    pinEntered: mode[2] === '1',
    chipFailedBefore: (fields[60] ?? '')[12] === '2',
    ...(expiry === undefined ? {} : { expiry }),
    ...(sequence === undefined ? {} : { sequence }),
  };
}
