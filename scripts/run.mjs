/**
 * `npm test`, `npm run demo`, ...: on a machine with only Node and npm, each first installs what it needs and builds,
 * and says so while it takes long. Nothing global is installed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const PNPM = `pnpm@${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.split('@')[1]}`;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Tillwright needs Node 20.19 or later; this is ${process.versions.node}. / 需要 Node 20.19 以上。`);
  process.exit(2);
}

const step = (title) => console.log(`\n▸ ${title}`);

const run = (command, args, options = {}) => {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32', ...options });
  if (done.error) throw done.error;
  if (done.status !== 0) {
    console.error(`\n✗ ${[command, ...args].join(' ')} ended with ${done.status ?? done.signal}.${options.hint ? ` ${options.hint}` : ''}`);
    process.exit(done.status ?? 1);
  }
};
const pnpm = (args, hint) => run('npx', ['--yes', PNPM, ...args], { hint });
const bin = (name, args, options) => run(process.execPath, [join(root, 'node_modules', name.path), ...args], options);
const VITEST = { path: 'vitest/vitest.mjs' };
const TSC = { path: 'typescript/bin/tsc' };

/** A stamp says what was done last time: the same input need not be done twice. */
const unlessDone = (name, digest, work) => {
  const file = join(root, 'node_modules', '.cache', `tillwright-${name}`);
  if (existsSync(file) && readFileSync(file, 'utf8') === digest) return;
  work();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, digest);
};

const filesBelow = (dir) =>
  readdirSync(join(root, dir), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist') return [];
    const path = join(dir, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
const digestOf = (files) => {
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(file).update('\0').update(readFileSync(join(root, file))).update('\0');
  return hash.digest('hex');
};

const install = () =>
  unlessDone('install', digestOf(['pnpm-lock.yaml', 'package.json']), () => {
    step(`Installing what the project needs (${PNPM}, into node_modules only) ...`);
    pnpm(['install', '--frozen-lockfile'], 'Is the npm registry reachable? / 能否访问 npm 仓库？');
  });

const build = () => {
  install();
  const inputs = [...filesBelow('packages').filter((file) => !file.endsWith('.test.ts') && !file.endsWith('.md')), 'docs/errors.md', ...filesBelow('docs/rules'), 'tsup.shared.js', 'tsconfig.json'];
  const missing = readdirSync(join(root, 'packages')).some((name) => !existsSync(join(root, 'packages', name, 'dist', 'index.js')));
  unlessDone('build', missing ? '' : digestOf(inputs), () => {
    step('Building the packages (about a minute the first time) ...');
    pnpm(['-r', '--workspace-concurrency=2', '--reporter=append-only', 'build']);
  });
  if (missing) writeFileSync(join(root, 'node_modules', '.cache', 'tillwright-build'), digestOf(inputs));
};

const tasks = {
  build,
  test: () => {
    build();
    step('Running every test ...');
    bin(VITEST, ['run', ...process.argv.slice(3)]);
  },
  demo: () => {
    build();
    step('Three customers at a counter ...');
    run(process.execPath, ['packages/cli/bin/tillwright.js', 'demo', 'workflows/counter-sale.asl.json', '--script', 'workflows/scripts/three-customers.json', ...process.argv.slice(3)]);
  },
  check: () => {
    build();
    step('Types ...');
    bin(TSC, ['-p', '.']);
    step('Lint and import circles ...');
    run(process.execPath, [join(root, 'node_modules/oxlint/bin/oxlint')]);
    step('Unused files, exports and dependencies ...');
    run(process.execPath, [join(root, 'node_modules/knip/bin/knip.js')]);
    step('Package shapes ...');
    run(process.execPath, ['scripts/check-packages.mjs']);
  },
  bench: () => {
    build();
    step('Measuring (a minute or two) ...');
    run(process.execPath, ['bench/index.mjs', ...process.argv.slice(3)]);
  },
};

const task = tasks[process.argv[2]];
if (!task) {
  console.error(`usage: node scripts/run.mjs ${Object.keys(tasks).join('|')}`);
  process.exit(2);
}
task();
