/** A payment method and a device in a package outside the workspace: packed packages, an empty folder, nothing edited. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { packageManager: string };
let dir = '';
let shop = '';

/** The packages as they would be published, installed by npm from their tarballs into an empty folder. */
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tillwright-third-party-'));
  const packs = join(dir, 'packs');
  shop = join(dir, 'shop');
  mkdirSync(packs);
  cpSync(join(root, 'examples/acme-cash'), shop, { recursive: true, filter: (path) => !/node_modules|dist|data$/.test(path) });
  execFileSync('npx', ['--yes', packageJson.packageManager, '-r', '--filter', './packages/*', 'pack', '--pack-destination', packs], { cwd: root, stdio: 'pipe' });
  const manifest = JSON.parse(readFileSync(join(shop, 'package.json'), 'utf8')) as { dependencies: { [name: string]: string }; overrides?: { [name: string]: string } };
  for (const tarball of readdirSync(packs)) {
    const name = `@tillwright/${tarball.replace(/^tillwright-/, '').replace(/-\d.*$/, '')}`;
    manifest.dependencies[name] = `file:${join(packs, tarball)}`;
  }
  writeFileSync(join(shop, 'package.json'), JSON.stringify(manifest));
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: shop, stdio: 'pipe' });
}, 300_000);

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const tillwright = (...args: string[]) => spawnSync(process.execPath, [join(shop, 'node_modules/.bin/tillwright'), ...args], { cwd: shop, encoding: 'utf8' });

describe('a plugin from an empty folder', () => {
  it('compiles against the shipped types', () => {
    const tsc = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', shop], { cwd: shop, encoding: 'utf8' });
    expect(tsc.stdout + tsc.stderr).toBe('');
    expect(tsc.status).toBe(0);
  }, 120_000);

  it('passes the checker, which without the plugin names what is missing', () => {
    const checked = tillwright('check', 'cash-sale.asl.json', '--lang', 'en');
    expect(checked.stderr).toBe('');
    expect(checked.status).toBe(0);
    writeFileSync(join(shop, 'bare.config.mjs'), 'export default {};\n');
    const bare = tillwright('check', 'cash-sale.asl.json', '--config', 'bare.config.mjs', '--lang', 'en');
    expect(bare.status).toBe(2);
    expect(bare.stderr).toContain('drawer:open');
  }, 60_000);

  it('takes a cash payment, prints the receipt, and leaves a sound log', () => {
    const sale = tillwright('run', 'cash-sale.asl.json', '--script', 'customer.json', '--data', 'data', '--lang', 'en');
    expect(sale.stderr).toBe('');
    expect(sale.status).toBe(0);
    expect(sale.stdout).toContain('acme-cash: the drawer is open');
    expect(sale.stdout).toContain('RMB 25.00');
    const verdict = tillwright('log', 'verify', '--data', 'data', '--json');
    expect(JSON.parse(verdict.stdout)).toMatchObject({ ok: true });
  }, 120_000);

  it('can be loaded by require from CommonJS', () => {
    const required = spawnSync(process.execPath, ['-e', "const { createTill } = require('@tillwright/core'); if (typeof createTill !== 'function') process.exit(1)"], { cwd: shop, encoding: 'utf8' });
    expect(required.status, required.stderr).toBe(0);
  }, 60_000);
});
