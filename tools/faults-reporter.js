// One line a round as it ends, with the reason of one that failed.
export default class FaultsReporter {
  #played = 0;

  onTestCaseResult(_test, { title, status, duration, failureMessages }) {
    this.#played += 1;
    const seconds = `${((duration ?? 0) / 1000).toFixed(1)} s`;
    console.log(`${String(this.#played).padStart(3)}  ${status.padEnd(6)}  ${seconds.padStart(7)}  ${title}`);
    for (const message of failureMessages) console.log(`${message}\n`);
  }

  onRunComplete(_contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults, startTime }) {
    for (const { testExecError } of testResults) if (testExecError) console.log(testExecError.message);
    console.log(`${Math.round((Date.now() - startTime) / 1000)} s`);
    console.log(`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed`);
  }
}
