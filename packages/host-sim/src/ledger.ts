import { mkdir, open, readFile, truncate, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { HostSimError } from './errors.js';

interface Waiting {
  readonly line: string;
  resolve(): void;
  reject(reason: unknown): void;
}

/**
 * A host's own book: entries by reference, the newest state of each.
 *
 * With a directory it is a file of JSON lines, only ever appended to and replayed at opening; entries put while a
 * sync runs share the next one. Without a directory it lives in memory.
 */
export class Ledger<E extends { readonly reference: string }> {
  readonly #entries = new Map<string, E>();
  readonly #file: FileHandle | undefined;
  readonly #path: string;
  #queue: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #failed: HostSimError | undefined;

  private constructor(path: string, file: FileHandle | undefined, entries: readonly E[]) {
    this.#path = path;
    this.#file = file;
    for (const entry of entries) this.#entries.set(entry.reference, entry);
  }

  /**
   * @param options.dir   directory of the file `<name>.jsonl`; made when missing. Left out: memory only
   * @throws HOST_DATA_DAMAGED when a line that is not the unfinished last one cannot be read; nothing is changed then
   */
  static async open<E extends { readonly reference: string }>(options: {
    readonly dir?: string | undefined;
    readonly name: string;
  }): Promise<Ledger<E>> {
    if (options.dir === undefined) return new Ledger<E>(`${options.name} (memory)`, undefined, []);
    await mkdir(options.dir, { recursive: true });
    const path = join(options.dir, `${options.name}.jsonl`);
    const entries = await replay<E>(path);
    const file = await open(path, 'a', 0o600);
    try {
      await syncDirectory(options.dir);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new Ledger<E>(path, file, entries);
  }

  get(reference: string): E | undefined {
    return this.#entries.get(reference);
  }

  /** All entries, oldest reference first, each in its newest state. */
  all(): readonly E[] {
    return [...this.#entries.values()];
  }

  /**
   * Puts an entry in the place of the one with its reference. `get` sees it at once; it is durable when this resolves,
   * and only then may anyone outside be told.
   * @throws HOST_DATA_FAILED when the disk refused it; the ledger takes nothing more
   */
  async put(entry: E): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed;
    const line = JSON.stringify(entry);
    this.#entries.set(entry.reference, Object.freeze(JSON.parse(line) as E));
    if (this.#file === undefined) return;
    const written = new Promise<void>((resolve, reject) => {
      this.#queue.push({ line: `${line}\n`, resolve, reject });
    });
    this.#writing ??= this.#write(this.#file);
    await written;
  }

  async close(): Promise<void> {
    await this.#writing;
    this.#failed ??= new HostSimError('HOST_DATA_FAILED', `${this.#path} is closed`, {
      zh: '请重新启动模拟主机',
      en: 'Start the simulated host again',
    });
    await this.#file?.close().catch(() => undefined);
  }

  async #write(file: FileHandle): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      try {
        if (this.#failed !== undefined) throw this.#failed;
        await file.appendFile(batch.map(({ line }) => line).join(''));
        await file.datasync();
        for (const { resolve } of batch) resolve();
      } catch (cause) {
        // Memory is ahead of the disk now, so nothing more may be promised from it.
        this.#failed ??= new HostSimError(
          'HOST_DATA_FAILED',
          `${this.#path} could not be written`,
          { zh: '请检查磁盘空间和权限，然后重新启动模拟主机', en: 'Check disk space and permissions, then start the simulated host again' },
          { cause },
        );
        for (const { reject } of batch) reject(this.#failed);
      }
    }
    this.#writing = undefined;
  }
}

async function replay<E>(path: string): Promise<readonly E[]> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return '';
    throw cause;
  });
  const lines = text.split('\n');
  const tail = lines.pop() ?? '';
  const entries = lines.map((line, index) => {
    try {
      return Object.freeze(JSON.parse(line) as E);
    } catch (cause) {
      throw new HostSimError(
        'HOST_DATA_DAMAGED',
        `${path}:${index + 1} cannot be read`,
        { zh: '请从备份恢复该文件，或换一个数据目录', en: 'Restore the file from a copy, or use another data directory' },
        { cause },
      );
    }
  });
  // A last line without its end was never acknowledged to anyone: it is cut off.
  if (tail !== '') await truncate(path, Buffer.byteLength(text) - Buffer.byteLength(tail));
  return entries;
}

async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
