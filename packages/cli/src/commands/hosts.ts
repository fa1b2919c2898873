import { startSampleHosts } from '../counter.js';
import { EXIT, type ExitCode } from '../exit.js';

/** Starts the simulated hosts, prints their endpoints as one line of JSON, and runs until stopped. */
export const hosts = async (options: { data?: string; acquirerPort?: number; alipayPort?: number; wechatPort?: number }): Promise<ExitCode> => {
  const running = await startSampleHosts(options.data, {
    ...(options.acquirerPort === undefined ? {} : { acquirer: options.acquirerPort }),
    ...(options.alipayPort === undefined ? {} : { alipay: options.alipayPort }),
    ...(options.wechatPort === undefined ? {} : { wechat: options.wechatPort }),
  });
  console.log(JSON.stringify(running.endpoints));
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
    // A parent that keeps a pipe to this process takes it along when it goes.
    if (process.env['TILLWRIGHT_STOP_WITH_STDIN']) process.stdin.resume().once('end', resolve).once('error', resolve);
  });
  process.stdin.pause();
  await running.close();
  return EXIT.succeeded;
};
