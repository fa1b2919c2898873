/**
 * `node run.mjs <bundle> <first seed> <runs> <finds> <other options of a run, as JSON>`: runs a simulation seed by seed until so many of them have failed, and tells
 * of it as JSON. That the changed code folds the log otherwise than the judge does is no find: money has to be wrong.
 */
const [bundle, seed, runs, finds, rest] = process.argv.slice(2);
const { runOnce, onSimulatedDisk } = await import(bundle);
const found = { runs: 0, seeds: [], problems: [] };
/** What broken code throws where nobody waits for it. */
let thrown = [];
process.on('unhandledRejection', (error) => thrown.push(String(error)));
while (found.runs < Number(runs) && found.seeds.length < Number(finds)) {
  const next = Number(seed) + found.runs;
  found.runs += 1;
  thrown = [];
  // A till that does not open again is one, too.
  const { problems } = await runOnce({ seed: String(next), storage: onSimulatedDisk, ...JSON.parse(rest) }).catch((error) => ({ problems: [String(error)] }));
  const wrong = [...problems.filter((problem) => !problem.startsWith('replaying the log')), ...thrown];
  if (wrong.length === 0) continue;
  found.seeds.push(next);
  found.problems.push(...wrong);
}
process.stdout.write(JSON.stringify(found));
process.exit(0);
