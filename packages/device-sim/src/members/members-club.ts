import type { Text } from '@tillwright/core/contract';
import { MemoryFile } from '../devices/memory-file.js';
import { SimulationError } from '../errors.js';

/** One spending of points as the club's books hold it. A point is worth one fen. */
export interface PointsEntry {
  readonly reference: string;
  /** Stable, and nothing of the member's code. */
  readonly member: string;
  /** Points asked for and points spent. */
  readonly askedMinor: number;
  readonly amountMinor: number;
  readonly status: 'approved' | 'declined' | 'given-back' | 'closed';
}

/** What goes wrong with the next message: lost before the club saw it, or its answer lost on the way back. */
export type ClubFault = 'drop-request' | 'drop-answer';

interface Books {
  readonly balances: { readonly [member: string]: number };
  readonly entries: readonly PointsEntry[];
}

export interface ClubOptions {
  /** The member's code as it is scanned (16 digits from 91), and the points on it. */
  readonly members?: readonly { readonly code: string; readonly name: string; readonly points: number }[];
  /** Where the books outlive a restart; in memory where absent. */
  readonly file?: string;
}

/** Members' codes: 16 digits from 91, which no wallet uses. */
export const MEMBER_CODE = { prefixes: ['91'], minLength: 16, maxLength: 16 } as const;

const MEMBERS: NonNullable<ClubOptions['members']> = [
  { code: '9100000000000010', name: '会员甲', points: 3000 },
  { code: '9100000000000028', name: '会员乙', points: 10_000_000 },
  { code: '9100000000000036', name: '会员丙', points: 0 },
];

const DAMAGED: readonly [Text, Text] = [
  { zh: '会员积分账本无法读取', en: "The members' points file can not be read" },
  { zh: '恢复该文件，或换一个数据目录', en: 'Restore the file, or use another data directory' },
];

/** The simulated books of a shop's own members: who has how many points, and what became of each spending. */
export class MembersClub {
  readonly #file: MemoryFile<Books>;
  readonly #members: NonNullable<ClubOptions['members']>;
  #books: Books;
  readonly #faults: ClubFault[] = [];

  /** @throws SimulationError POINTS_MEMORY_DAMAGED rather than give points anew */
  constructor(options: ClubOptions = {}) {
    this.#members = options.members ?? MEMBERS;
    this.#file = new MemoryFile(options.file);
    this.#books = this.#read();
  }

  /** The next message meets it. */
  fault(fault: ClubFault): void {
    this.#faults.push(fault);
  }

  ledger(): readonly PointsEntry[] {
    return this.#books.entries;
  }

  /** Points left on a member's code; undefined where nobody has it. */
  points(code: string): number | undefined {
    const member = this.#members.find((each) => each.code === code);
    return member && this.#left(member.name);
  }

  /** Spends what is there, at most what is asked: once for a reference, however often it is asked. @throws where the answer is lost */
  spend(order: { reference: string; code: string; amountMinor: number; allowLess: boolean }): PointsEntry {
    return this.#answer(() => {
      const known = this.find(order.reference);
      if (known) return known;
      const member = this.#members.find(({ code }) => code === order.code);
      const left = member ? this.#left(member.name) : 0;
      const spent = left >= order.amountMinor ? order.amountMinor : order.allowLess ? left : 0;
      const entry = { reference: order.reference, member: member?.name ?? '-', askedMinor: order.amountMinor, amountMinor: spent, status: spent > 0 ? 'approved' : 'declined' } as const;
      return this.#put(entry, -spent);
    });
  }

  /** @throws where the answer is lost */
  inquire(reference: string): PointsEntry | undefined {
    return this.#answer(() => this.find(reference));
  }

  /** Gives back what was spent under this reference; one that never came is closed and stays so. @throws where the answer is lost */
  giveBack(reference: string): PointsEntry {
    return this.#answer(() => {
      const known = this.find(reference);
      if (!known) return this.#put({ reference, member: '-', askedMinor: 0, amountMinor: 0, status: 'closed' }, 0);
      if (known.status !== 'approved') return known;
      return this.#put({ ...known, status: 'given-back' }, known.amountMinor);
    });
  }

  find(reference: string): PointsEntry | undefined {
    return this.#books.entries.find((entry) => entry.reference === reference);
  }

  #answer<T>(work: () => T): T {
    const fault = this.#faults.shift();
    if (fault === 'drop-request') throw new Error('no answer from the club');
    const answer = work();
    if (fault === 'drop-answer') throw new Error('no answer from the club');
    return answer;
  }

  #left(name: string): number {
    return this.#books.balances[name] ?? this.#members.find((member) => member.name === name)?.points ?? 0;
  }

  #put(entry: PointsEntry, change: number): PointsEntry {
    const balances = change === 0 ? this.#books.balances : { ...this.#books.balances, [entry.member]: this.#left(entry.member) + change };
    const books = { balances, entries: [...this.#books.entries.filter(({ reference }) => reference !== entry.reference), entry] };
    this.#file.write(books);
    this.#books = books;
    return entry;
  }

  #read(): Books {
    let books: unknown;
    try {
      books = this.#file.read() ?? { balances: {}, entries: [] };
    } catch {
      throw new SimulationError('POINTS_MEMORY_DAMAGED', ...DAMAGED);
    }
    if (isBooks(books)) return books;
    throw new SimulationError('POINTS_MEMORY_DAMAGED', ...DAMAGED);
  }
}

const isBooks = (value: unknown): value is Books => {
  if (typeof value !== 'object' || value === null) return false;
  const { balances, entries } = value as Partial<Record<keyof Books, unknown>>;
  return (
    typeof balances === 'object' &&
    balances !== null &&
    Object.values(balances).every((points) => Number.isSafeInteger(points) && points >= 0) &&
    Array.isArray(entries) &&
    entries.every((entry: Partial<PointsEntry>) => typeof entry.reference === 'string' && Number.isSafeInteger(entry.amountMinor))
  );
};
