/**
 * One build recipe for every package: ESM only (Node 20.19 can `require` it), declarations beside it.
 * @param {string[]} entry files that become doors of the package
 * @returns {import('tsup').Options}
 */
export const library = (entry) => ({
  entry,
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  clean: true,
  sourcemap: true,
  splitting: true,
  dts: { compilerOptions: { composite: false, incremental: false } },
});
