/**
 * The command line of several shops in one process, so that one SIGKILL hits all of them in the middle of what they do, and a
 * process is loaded before it is told to begin. A line of stdin is `{ shop, args }`: what `tillwright` is called with. What a shop
 * writes comes out as lines of `{ shop, line }`, of stderr as `{ shop, err }`; `{ shop, done: true }` when the call is over.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createInterface } from 'node:readline';

const MAIN = new URL('../../packages/cli/dist/main.js', import.meta.url).href;
const shops = new AsyncLocalStorage();
const own = { argv: process.argv, out: process.stdout.write.bind(process.stdout) };
const say = (what) => own.out(`${JSON.stringify(what)}\n`);

// What a command takes for its own: its arguments and its output. (The exit code it can't have: the result says as much.)
Object.defineProperty(process, 'argv', { get: () => shops.getStore()?.argv ?? own.argv });
for (const [stream, name] of [
  [process.stdout, 'line'],
  [process.stderr, 'err'],
]) {
  stream.write = (data, ...rest) => {
    const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
    for (const line of text.split('\n')) if (line !== '') say({ shop: shops.getStore()?.shop, [name]: line });
    rest.find((each) => typeof each === 'function')?.();
    return true;
  };
}

const preloaded = process.argv[2] === 'hosts' ? ['host-sim', 'device-sim', 'core'] : ['plugin-card', 'plugin-alipay', 'plugin-wechat', 'device-sim', 'core', 'receipt'];
for (const name of preloaded) await import(new URL(`../../packages/${name}/dist/index.js`, import.meta.url).href);

let calls = 0;
const call = async ({ shop, args }) => {
  const store = { shop, argv: [...own.argv.slice(0, 1), 'tillwright', ...args] };
  calls += 1;
  // A module of its own for each call: the command line reads its arguments where it is loaded.
  const module = `${MAIN}?${calls}`;
  await shops.run(store, async () => {
    await import(module);
    say({ shop, done: true });
  });
};
createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line);
  call(order).catch((error) => say({ shop: order.shop, err: String(error.stack), done: true }));
});
