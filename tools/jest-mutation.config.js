// What Stryker runs for each mutant: the unit tests of the rooms that it mutates, or those that MUTATION_TESTS names
// (`{decide,language}`), to see one file sooner.
import config from '../jest.config.js';

const [unit] = config.projects;
const tests = process.env.MUTATION_TESTS ?? '*';

export default {
  ...unit,
  testMatch: ['policy', 'rulebook'].map((room) => `${unit.rootDir}/test/unit/${room}/${tests}.test.ts`),
};
