// One line a round as it ends, and the reasons of those that failed at the end.
export default class FaultsReporter {
  #played = 0;
  #failures = [];

  onTestCaseResult(_test, { title, status, duration, failureMessages }) {
    this.#played += 1;
    const seconds = `${((duration ?? 0) / 1000).toFixed(1)} s`;
    console.log(`${String(this.#played).padStart(3)}  ${status.padEnd(6)}  ${seconds.padStart(7)}  ${title}`);
    if (status === 'failed') this.#failures.push(`${title}\n${failureMessages.join('\n')}`);
  }

  onRunComplete(_contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults, startTime }) {
    for (const { testExecError } of testResults) if (testExecError) console.log(testExecError.message);
    for (const failure of this.#failures) console.log(`\n${failure}`);
    console.log(`${Math.round((Date.now() - startTime) / 1000)} s`);
    console.log(`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed`);
  }
}
