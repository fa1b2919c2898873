import { SimulationError } from '../errors.js';
import { MemoryFile } from './memory-file.js';

interface Counts {
  readonly [cardId: string]: number;
}

/** Each chip's transaction counter (9F36): it only ever goes up, restarts of the till or not; issuers refuse one that they have seen. */
export class CardCounters {
  readonly #file: MemoryFile<Counts>;
  #counts: Counts;

  /** @throws CARD_MEMORY_DAMAGED rather than count from 1 again */
  constructor(path: string | undefined) {
    this.#file = new MemoryFile(path);
    this.#counts = this.#read();
  }

  next(cardId: string): number {
    const value = ((this.#counts[cardId] ?? 0) % 0xffff) + 1;
    this.#counts = { ...this.#counts, [cardId]: value };
    this.#file.write(this.#counts);
    return value;
  }

  #read(): Counts {
    try {
      const counts: unknown = this.#file.read() ?? {};
      const whole = typeof counts === 'object' && counts !== null && !Array.isArray(counts);
      if (whole && Object.values(counts).every((count) => Number.isSafeInteger(count) && count >= 0)) return counts as Counts;
    } catch {
      // Told below, without the file's content.
    }
    throw new SimulationError(
      'CARD_MEMORY_DAMAGED',
      { zh: '示例卡的计数文件（cards.json）无法读取', en: "The sample cards' counters (cards.json) can not be read" },
      { zh: '恢复该文件；若删除，请同时清除模拟收单机构的数据', en: "Restore the file; if you remove it, clear the simulated acquirer's data too, which refuses old counters" },
    );
  }
}
