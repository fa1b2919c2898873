#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(fileURLToPath(main))) {
  await import(main.href);
} else {
  console.error('tillwright is not built yet: run `npm run build` (or `npm run demo`) in the repository first.\n尚未构建：请先在仓库根目录运行 `npm run build`。');
  process.exitCode = 2;
}
