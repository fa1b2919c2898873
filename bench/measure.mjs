import { execFileSync } from 'node:child_process';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';

export const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

export const tidy = (value) => Math.round(value * 100) / 100;

/** How many per second. */
export const rate = async (count, work) => {
  const startedAt = performance.now();
  await work();
  return (count * 1000) / (performance.now() - startedAt);
};

/** Runs `one` so many times in all, `atOnce` of them side by side; each is told which lane it runs in. */
export const inLanes = async (count, atOnce, one) => {
  let begun = 0;
  const lane = async (index) => {
    while (begun < count) {
      begun += 1;
      await one(index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, index) => lane(index)));
};

/** Where numbers were taken: they travel only together with this. */
export const machine = (dir) => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${platform()} ${release()} ${arch()}`,
  node: process.versions.node,
  fileSystem: fileSystemOf(dir),
  dir,
  loadAtStart: loadavg().map((load) => Math.round(load * 100) / 100),
});

const fileSystemOf = (dir) => {
  try {
    return execFileSync('stat', ['-f', '-c', '%T', dir], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
};
