import Table from 'cli-table3';

const thousands = (value) => value.toLocaleString('en-US');
const table = (head, rows, right) => {
  const made = new Table({ head, colAligns: head.map((_, index) => (right.includes(index) ? 'right' : 'left')), style: { head: [], border: [] } });
  made.push(...rows);
  return made.toString();
};

const KEPT = { overwritten: 'overwritten in place and synced: a torn write loses it', rewritten: 'overwritten by writeFile and synced: a torn write loses it', replaced: 'replaced by a synced file' };

/** The whole result as text, for a person. */
export const tables = ({ machine, rounds, stepsPerPayment, sales, durable, wire, memory, size: { log, maps, open }, peers }) => {
  const { cpu, cores, memoryGiB, system, node, fileSystem, loadAtStart } = machine;
  return [
    '',
    `${cpu}, ${cores} cores, ${memoryGiB} GiB; ${system}; Node ${node}; ${fileSystem}; load ${loadAtStart.join(' ')}`,
    `Median of ${rounds} rounds after a warm-up as long as all of them. Hosts, devices and people answer at once. Only ratios travel to other machines.`,
    '',
    `Durable payments of ${stepsPerPayment} steps, paid, printed and told`,
    table(
      ['payment', 'terminals', 'processes', 'semi-space', 'payments/s', 'raw append + fdatasync/s', 'ratio', 'CPU ms per payment', 'syncs per payment', 'to xstate, overwritten in place', 'by writeFile', 'replaced'],
      durable.map(({ kind, terminals, processes = 1, semiSpaceMiB, paymentsPerSecond, rawPerSecond, ratioToRaw, cpuMsPerPayment, syncsPerPayment, xstate }) => [
        kind,
        terminals,
        processes,
        semiSpaceMiB ? `${semiSpaceMiB} MiB` : "Node's own",
        thousands(paymentsPerSecond),
        thousands(rawPerSecond),
        ratioToRaw.toFixed(2),
        cpuMsPerPayment.toFixed(2),
        syncsPerPayment?.toFixed(2) ?? '',
        ...xstate.map(({ ratio }) => `x ${ratio.toFixed(1)}`),
      ]),
      [1, 2, 4, 5, 6, 7, 8, 9, 10, 11],
    ),
    '',
    'The same log with the plugins that ship: the counter sale, on the bytes of their protocols. Simulated hosts and devices are in this process, their signatures, cryptograms and printed receipts in these figures',
    table(
      ['payment', 'terminals', 'payments/s', 'CPU ms per payment'],
      wire.map(({ kind, terminals, paymentsPerSecond, cpuMsPerPayment }) => [kind, terminals, thousands(paymentsPerSecond), cpuMsPerPayment.toFixed(2)]),
      [1, 2, 3],
    ),
    '',
    'Syncs of one sale with nothing beside it, each with what forced it',
    table(
      ['payment', 'sync', 'per payment'],
      Object.entries(sales).flatMap(([kind, { syncs, recordsPerPayment, bytesPerRecord }]) => [
        ...syncs.map(({ name, perPayment }) => [kind, name, perPayment.toFixed(2)]),
        [kind, `together (${recordsPerPayment} records of ${bytesPerRecord} bytes)`, syncs.reduce((sum, { perPayment }) => sum + perPayment, 0).toFixed(2)],
      ]),
      [2],
    ),
    '',
    'Executions of eight steps in memory: Pass, Choice, two Tasks that answer at once. Tillwright keeps every event, the others none; aws-local-stepfunctions runs the flow in JSONPath',
    table(
      ['at once', 'runner', 'executions/s', 'CPU µs per execution'],
      memory.flatMap(({ atOnce, runners }) => runners.map(({ name, executionsPerSecond, cpuUsPerExecution }) => [atOnce, name, thousands(executionsPerSecond), thousands(cpuUsPerExecution)])),
      [0, 2, 3],
    ),
    '',
    'What size costs',
    table(
      ['what', 'small', 'large', ''],
      [
        [`CPU for each event, first and up to event ${thousands(log.events)}`, `${log.firstUs.toFixed(1)} µs`, `${log.lastUs.toFixed(1)} µs`, 'wallet payments, 50 at once'],
        [`an iteration of a Map over ${maps.map(({ items }) => thousands(items)).join(' and ')} items`, ...maps.map(({ usPerIteration }) => `${usPerIteration.toFixed(1)} µs`), 'in memory'],
        ['everybody waits for a checkpoint', '', `${log.checkpointMs.toFixed(1)} ms`, `median of ${log.checkpoints}`],
        [`${thousands(open.count)} open executions, a terminal each`, '', `${open.residentMiB} MiB resident`, `opened from a checkpoint in ${open.openMs} ms, without in ${open.foldMs} ms`],
      ],
      [1, 2],
    ),
    '',
    'Beside them, on the same disk',
    table(
      ['peer', 'per second', ''],
      [
        ['raw append + fdatasync, one by one', thousands(peers.rawPerSecond), `records of ${peers.bytesPerRecord} bytes`],
        ...durable
          .filter(({ kind, semiSpaceMiB }) => kind === 'wallet' && !semiSpaceMiB)
          .flatMap(({ terminals, processes = 1, xstate }) =>
            xstate.map(({ kept, executionsPerSecond }) => [`xstate 5, snapshot ${KEPT[kept]}, ${terminals} at once${processes > 1 ? ` over ${processes} processes` : ''}`, thousands(executionsPerSecond), 'executions of eight transitions']),
          ),
        ...peers.lowdb.map(({ events, writesPerSecond }) => [`lowdb's own JSONFile with ${thousands(events)} events`, thousands(writesPerSecond), 'writes of one event, never synced']),
      ],
      [1],
    ),
  ].join('\n');
};
