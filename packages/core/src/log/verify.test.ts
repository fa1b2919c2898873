import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FIRST_PREV } from './batch.js';
import { fileLog } from './file-log.js';
import { collect, counted, countsOf, upTo } from './test-events.js';
import { readLog, verifyLog } from './verify.js';

let dir: string;
let file: string;
let anchor: { seq: number; head: string };
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tillwright-verify-'));
  file = join(dir, '00000001.jsonl');
  const log = fileLog(dir);
  await log.open();
  for (const to of upTo(6)) {
    log.append([counted(to)], 0);
    await log.durable(to);
    if (to === 4) anchor = { seq: to, head: log.headHash };
  }
  await log.close();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('counts what a sound log holds, and an empty one', async () => {
  expect(await verifyLog(dir)).toMatchObject({ ok: true, records: 6, segments: 1 });
  expect(await verifyLog(join(dir, 'nothing'))).toEqual({ ok: true, records: 0, segments: 0, head: FIRST_PREV });
  expect(await collect(readLog(join(dir, 'nothing')))).toEqual([]);
});

it('reads beside the process that owns the log, and changes nothing', async () => {
  const log = fileLog(dir);
  await log.open();
  appendFileSync(file, '{"torn');
  const before = readFileSync(file);
  expect(await verifyLog(dir)).toMatchObject({ ok: true, records: 6, cut: { bytes: 6 } });
  expect(countsOf(await collect(readLog(dir)))).toEqual(upTo(6));
  expect(readFileSync(file)).toEqual(before);
  expect(readdirSync(dir).sort()).toEqual(['00000001.jsonl', 'lock']);
  await log.close();
});

it('names the first bad record', async () => {
  writeFileSync(file, readFileSync(file, 'utf8').replace('"to":3', '"to":7'));
  const line = readFileSync(file, 'utf8').split('\n').slice(0, 2).join('\n').length + 1;
  expect(await verifyLog(dir)).toEqual({ ok: false, file: '00000001.jsonl', line: 3, byte: line, seq: 3, why: expect.stringContaining('checksum') });
  const seen: number[] = [];
  const reading = (async () => {
    for await (const record of readLog(dir)) seen.push(record.seq);
  })();
  await expect(reading).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { place: `${file}:3`, seq: 3 } });
});

it('finds what opening refuses: a last line that is gone, though a checkpoint was taken of it', async () => {
  const log = fileLog(dir);
  await log.open();
  await log.checkpoint?.({});
  await log.close();
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('"to":6', '"to":7'));
  expect(await verifyLog(dir)).toMatchObject({ ok: false, line: 6, seq: 6, why: expect.stringContaining('the checkpoint says that record 6 was on disk') });
  await expect(fileLog(dir).open()).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { line: 6, seq: 6 } });
  // Of the line that was to follow nobody was told.
  writeFileSync(file, `${text}${text.slice(-50)}`);
  expect(await verifyLog(dir)).toMatchObject({ ok: true, records: 6, cut: { bytes: 50 } });
});

it('judges no line of another version', async () => {
  const old = `{"seq":1,"at":5,"stream":"e","v":1,"durableTo":0,"prev":"${FIRST_PREV}","event":{"type":"engineOpened","version":"1"}`;
  writeFileSync(file, `${old},"crc":"${crc32(old).toString(16).padStart(8, '0')}"}\n`);
  await expect(verifyLog(dir)).rejects.toMatchObject({ code: 'LOG_VERSION', details: { found: `${file}:1, version 1` } });
});

it('finds by an anchor what the chain alone can not show', async () => {
  expect(await verifyLog(dir, { anchor })).toMatchObject({ ok: true });
  const whole = await verifyLog(dir);
  expect(await verifyLog(dir, { anchor: { seq: 6, head: whole.ok ? whole.head : '' } })).toMatchObject({ ok: true });
  // Cut at a line's edge.
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, `${text.split('\n').slice(0, 3).join('\n')}\n`);
  expect(await verifyLog(dir)).toMatchObject({ ok: true, records: 3 });
  expect(await verifyLog(dir, { anchor })).toMatchObject({ ok: false, seq: 4, line: 4 });
  // Written anew as a whole.
  rmSync(file);
  const log = fileLog(dir);
  await log.open();
  log.append(upTo(6).map((to) => counted(to + 1)), 0);
  await log.close();
  expect(await verifyLog(dir)).toMatchObject({ ok: true, records: 6 });
  expect(await verifyLog(dir, { anchor })).toMatchObject({ ok: false, seq: 4, why: expect.stringContaining('anchored') });
});
