import type { Text } from '@tillwright/core';

/** What the process tells whoever called it. */
export const EXIT = {
  succeeded: 0,
  /** Declined, cancelled: the payment did not happen. */
  notPaid: 1,
  /** Wrong use, wrong workflow. */
  wrongUse: 2,
  /** Something is open and needs a person, or a flow failed behind what it took. */
  open: 3,
  /** Nobody reads any more what is told: as a shell shows a program that SIGPIPE ended. */
  unheard: 141,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A fault of the call itself: said in one line, without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** For a file that was named and can't be read. */
export const unreadable = (file: string, error: unknown): UsageError =>
  new UsageError(`can't read ${file} (${(error as NodeJS.ErrnoException).code ?? 'error'}) / 无法读取文件`, { cause: error });

interface Told {
  readonly code: string;
  readonly message: string;
  readonly what?: Text;
  readonly hint: Text;
}
/** Errors of every package have a code, what happened and what to do next. */
export const isTold = (error: unknown): error is Told => error instanceof Error && 'code' in error && typeof error.code === 'string' && 'hint' in error && typeof error.hint === 'object';
