// Native ESM (NODE_OPTIONS=--experimental-vm-modules, set by tools/test.js). Three projects, so that `unit` needs no engine,
// and a fourth that takes a quarter of an hour: tools/test-faults.js asks for it and names its seed.
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  // Copies of the project, while mutations are tested.
  modulePathIgnorePatterns: ['<rootDir>/coverage/'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^@countersign/(client|sandbox)$': '<rootDir>/$1/src/index.ts',
  },
};
const project = (displayName, folders, more = {}) => ({
  ...common,
  ...more,
  displayName,
  rootDir: import.meta.dirname,
  testMatch: folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
});
const engines = {
  globalSetup: '<rootDir>/test/support/engines-setup.js',
  globalTeardown: '<rootDir>/test/support/engines-teardown.js',
};

const longFaults = '<rootDir>/test/faults/matrix/';

export default {
  testTimeout: 60_000,
  // One more than our two cores: half of the time tests wait, for a server, a deadline or a process.
  maxWorkers: 3,
  projects: [
    project('unit', ['unit', 'conformance']),
    project('workflow', ['workflow', 'replay'], engines),
    project('integration', ['integration', 'attacks', 'faults', 'browser'], {
      ...engines,
      testPathIgnorePatterns: ['/node_modules/', longFaults],
    }),
    ...(process.env.COUNTERSIGN_FAULT_SEED === undefined ? [] : [project('faults', ['faults/matrix'])]),
  ],
};
