import { randomBytes } from 'node:crypto';
import type { LogMark } from '@tillwright/core/contract';
import { SimulationError } from '../errors.js';
import { MemoryFile } from './memory-file.js';

interface Keys {
  readonly serial: string;
  /** AES-256, made when the pad first starts; sign-on does not replace it. Hex, like all keys here. */
  readonly deviceKey: string;
  readonly terminalMasterKey?: string;
  readonly pinKey?: string;
  readonly macKey?: string;
}

interface Kept extends Keys {
  readonly logMark?: LogMark;
}

const HEX: { readonly [key in keyof Keys]-?: RegExp } = {
  serial: /^SIM[0-9A-F]{8}$/,
  deviceKey: /^[0-9A-F]{64}$/,
  terminalMasterKey: /^[0-9A-F]{32}$/,
  pinKey: /^[0-9A-F]{32}$/,
  macKey: /^([0-9A-F]{16}|[0-9A-F]{32})$/,
};

/**
 * The simulated secure element: what a real PIN pad keeps in hardware that erases itself stands here in memory and, if a path is
 * given, in a file of its own (mode 0600), apart from everything the till keeps. Only the simulated pad reads it. Nothing prints it.
 */
export class PadMemory {
  readonly #file: MemoryFile<Kept>;
  #kept: Kept;

  /** @throws PAD_MEMORY_DAMAGED rather than start as another pad and lose what this one sealed */
  constructor(path: string | undefined, terminalMasterKey: string | undefined, random: (length: number) => Uint8Array = randomBytes) {
    this.#file = new MemoryFile(path);
    const injected = terminalMasterKey?.toUpperCase();
    if (injected !== undefined && !HEX.terminalMasterKey.test(injected)) {
      throw new SimulationError(
        'SIMULATION_MISUSED',
        { zh: '终端主密钥不是 16 字节的十六进制数', en: 'The terminal master key is not 16 bytes in hexadecimal' },
        { zh: '使用收单机构给出的 32 位十六进制数', en: 'Give the 32 hexadecimal digits that the acquirer handed out' },
      );
    }
    const before = this.#read();
    const kept = before ?? { serial: `SIM${hexOf(random(4))}`, deviceKey: hexOf(random(32)) };
    // A new master key makes the working keys under the old one worthless, as on a real pad.
    this.#kept =
      injected === undefined || injected === kept.terminalMasterKey
        ? kept
        : { serial: kept.serial, deviceKey: kept.deviceKey, terminalMasterKey: injected, ...(kept.logMark ? { logMark: kept.logMark } : {}) };
    if (this.#kept !== before) this.#file.write(this.#kept);
  }

  get serial(): string {
    return this.#kept.serial;
  }

  key(name: 'deviceKey' | 'terminalMasterKey' | 'pinKey' | 'macKey'): Uint8Array | undefined {
    const hex = this.#kept[name];
    return hex === undefined ? undefined : Uint8Array.from(Buffer.from(hex, 'hex'));
  }

  keepWorkingKeys(pinKey: Uint8Array, macKey: Uint8Array): void {
    this.#kept = { ...this.#kept, pinKey: hexOf(pinKey), macKey: hexOf(macKey) };
    this.#file.write(this.#kept);
  }

  get logMark(): LogMark | undefined {
    return this.#kept.logMark;
  }

  keepLogMark(logMark: LogMark): void {
    this.#kept = { ...this.#kept, logMark };
    this.#file.write(this.#kept);
  }

  /** Never in JSON or in a log line, whatever holds the pad. */
  toJSON(): string {
    return 'PadMemory';
  }

  #read(): Kept | undefined {
    let kept: Kept | undefined;
    try {
      kept = this.#file.read();
    } catch {
      throw damaged();
    }
    if (kept === undefined) return undefined;
    if (typeof kept !== 'object' || kept === null) throw damaged();
    for (const [name, shape] of Object.entries(HEX)) {
      const value: unknown = kept[name as keyof Keys];
      const needed = name === 'serial' || name === 'deviceKey';
      if (value === undefined ? needed : typeof value !== 'string' || !shape.test(value)) throw damaged();
    }
    if (kept.logMark !== undefined && typeof kept.logMark.hash !== 'string') throw damaged();
    return kept;
  }
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();

const damaged = (): SimulationError =>
  new SimulationError(
    'PAD_MEMORY_DAMAGED',
    { zh: '模拟密码键盘的存储文件无法读取', en: "The simulated PIN pad's memory file can not be read" },
    { zh: '从备份恢复该文件；删除它等于更换密码键盘，之前密封的内容将无法打开', en: 'Restore the file; removing it means another PIN pad, which can not open what this one sealed' },
  );
