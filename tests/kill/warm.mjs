/**
 * `node --import warm.mjs tillwright.js`: what a till needs is loaded before it is told to begin, so that a test with many
 * short lives of tills does not spend its time on loading. The arguments come as one line of JSON.
 */
import { createInterface } from 'node:readline';

const line = new Promise((resolve, reject) => {
  const lines = createInterface({ input: process.stdin });
  lines.once('line', (text) => {
    resolve(text);
    lines.close();
  });
  lines.once('close', () => reject(new Error('told nothing')));
});
for (const name of ['plugin-card', 'plugin-alipay', 'plugin-wechat', 'device-sim', 'core', 'receipt']) {
  await import(new URL(`../../packages/${name}/dist/index.js`, import.meta.url).href);
}
process.argv.push(...JSON.parse(await line));
