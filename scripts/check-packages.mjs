/** Packs each package as it would be published, and checks what is in it: entry points, types, nothing of the workspace. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pnpm = `pnpm@${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.split('@')[1]}`;
const out = mkdtempSync(join(tmpdir(), 'tillwright-pack-'));
let failed = false;

const packageChecks = `
const { execFileSync } = require('node:child_process');
const text = execFileSync('tar', ['-xOzf', process.argv[1], 'package/package.json'], { encoding: 'utf8' });
const json = JSON.parse(text);
if (json.license !== 'Apache-2.0') throw new Error('license: ' + json.license);
if (text.includes('workspace:')) throw new Error('a workspace: range is left');
if (text.includes('@tillwright/source')) throw new Error('the source condition is left');
`;


const check = (title, command, args) => {
  try {
    execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    console.log(`  ✓ ${title}`);
  } catch (error) {
    failed = true;
    console.log(`  ✗ ${title}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
  }
};

try {
  execFileSync('npx', ['--yes', pnpm, '-r', '--filter', './packages/*', 'pack', '--pack-destination', out], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  for (const tarball of readdirSync(out).sort()) {
    console.log(tarball);
    check('publint: entry points and files', process.execPath, ['node_modules/publint/src/cli.js', join(out, tarball), '--strict']);
    // ESM only: `require` of it works from Node 20.19, which this tool's node16 profiles do not know of.
    check('types resolve as they are shipped', process.execPath, ['node_modules/@arethetypeswrong/cli/dist/index.js', join(out, tarball), '--profile', 'esm-only']);
    check('licence is Apache-2.0, no workspace: left', process.execPath, ['-e', packageChecks, join(out, tarball)]);
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
