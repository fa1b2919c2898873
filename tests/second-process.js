// Opens an engine on the data directory named, from the sources, and tells how it went; holds it until its input ends.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const source = (path) => fileURLToPath(new URL(`../packages/core/src/${path}`, import.meta.url));
const load = async (path) => (await runnerImport(source(path), { configFile: false, logLevel: 'silent' })).module;
const { createTill } = await load('till.ts');
const { fileStorage } = await load('node.ts');

try {
  const till = await createTill({ plugins: [], workflows: {}, terminals: {}, ...fileStorage(process.argv[2]) });
  console.log('opened');
  process.stdin.resume().on('end', () => void till.close());
} catch (error) {
  console.log(`${error.code} ${error.hint.zh} ${error.hint.en}`);
}
