import type { EventRecord, Text } from '@tillwright/core';
import { readLog, verifyLog } from '@tillwright/core/node';
import { logDir } from '../data-dirs.js';
import { EXIT, type ExitCode, UsageError } from '../exit.js';
import { inLine, type Language, say } from '../language.js';

const texts = {
  sound: { zh: '日志完整', en: 'The log is sound' },
  damaged: { zh: '日志已损坏', en: 'The log is damaged' },
  next: { zh: '未更改任何内容。请从备份恢复，或联系支持人员。', en: 'Nothing was changed. Restore it from a backup or call support.' },
} as const satisfies Record<string, Text>;

/** Prints every event, or one execution's with its payments. @throws UsageError for one that is not there */
export const logShow = async ({ data, execution, json }: { data: string; execution?: string; json: boolean }): Promise<ExitCode> => {
  let known = execution === undefined;
  for await (const record of readLog(logDir(data))) {
    if (execution !== undefined && record.stream !== `x/${execution}` && !record.stream.startsWith(`p/${execution}/`)) continue;
    known = true;
    console.log(json ? JSON.stringify(record) : line(record));
  }
  if (!known) throw new UsageError(`the log in ${data} knows no transaction ${execution} / 日志里没有这笔交易`);
  return EXIT.succeeded;
};

const line = ({ seq, at, stream, event }: EventRecord): string => {
  const { type, ...rest } = event;
  const text = type === 'definitionStored' ? JSON.stringify({ ...rest, source: '...' }) : JSON.stringify(rest);
  return `${String(seq).padStart(6)} ${new Date(at).toISOString()} ${inLine(`${stream} ${type} ${text}`)}`;
};

/** Verifies the chain; names the first bad record. */
export const logVerify = async (options: { data: string; json: boolean; language: Language; anchorSeq?: number; anchorHead?: string }): Promise<ExitCode> => {
  if ((options.anchorSeq === undefined) !== (options.anchorHead === undefined)) throw new UsageError('--anchor-seq and --anchor-head go together');
  const anchor = options.anchorSeq === undefined || options.anchorHead === undefined ? undefined : { seq: options.anchorSeq, head: options.anchorHead };
  const verdict = await verifyLog(logDir(options.data), anchor ? { anchor } : {});
  if (options.json) console.log(JSON.stringify(verdict));
  else if (verdict.ok) {
    console.log(`${say(options.language, texts.sound)}: ${verdict.records} records, ${verdict.segments} segments, head ${verdict.head}${verdict.cut ? `, ${verdict.cut.bytes} unacknowledged bytes at the end` : ''}`);
  } else {
    console.error(`LOG_DAMAGED ${say(options.language, texts.damaged)}: ${verdict.file}:${verdict.line} (byte ${verdict.byte}, record ${verdict.seq}): ${verdict.why}\n  ${say(options.language, texts.next)}`);
  }
  return verdict.ok ? EXIT.succeeded : EXIT.open;
};
