// `npm run test:mutation [-- --mutate src/policy/decide.ts]`: does some test fail for every change of a rule that
// decides? Minutes long, so no part of `npm test`. Only the unit tests of these two rooms count.
export default {
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--no-warnings'],
  jest: { configFile: 'tools/jest-mutation.config.js', enableFindRelatedTests: false },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  dryRunTimeoutMinutes: 20,
  timeoutMS: 60_000,
  mutate: ['src/{policy,rulebook}/**/*.ts', '!src/**/*.{store,tx,node}.ts'],
  reporters: ['clear-text', 'progress', 'json'],
  jsonReporter: { fileName: 'coverage/mutation.json' },
  clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false, reportTests: false },
  thresholds: { high: 95, low: 90, break: 90 },
  tempDirName: 'coverage/mutation',
  ignorePatterns: ['/dist', '/coverage', '/deploy', '/migrations', '/bench', '/examples', '**/*.tsbuildinfo'],
};
