/**
 * kill -9 of each process at each thing that a T2 write waits for. One write in the EHR, one outcome in the log, no leaf
 * gone that anybody was shown, and every action at its end.
 *
 * Long: `npm run test:faults`, which names the seed; `-- --seed SEED` plays the same rounds again, `--rounds N` so many.
 */
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { matrixOf } from '../../support/fault-matrix.js';
import { killing, playRound, standingStill, startFaultStage, type FaultStage } from '../../support/fault-round.js';
import { stations, type Station } from '../../support/fault-stations.js';

const { COUNTERSIGN_FAULT_SEED: seed = 'seed', COUNTERSIGN_FAULT_ROUNDS: rounds } = process.env;
const cells = matrixOf(seed).slice(0, rounds === undefined ? undefined : Number(rounds));

let stage: FaultStage | undefined;
/** A round that failed may have left anything behind: the next one gets a stack of its own. */
let sound = false;
beforeEach(async () => {
  if (stage && !sound) {
    await stage.end();
    stage = undefined;
  }
  stage ??= await startFaultStage();
  sound = false;
}, 120_000);
afterAll(async () => {
  await stage?.end();
}, 60_000);

function present(): FaultStage {
  if (!stage) throw new Error('there is no stack');
  return stage;
}

/** The end of every round: one version, which says whose it is, and evidence that a stranger believes. */
const once = { status: 'completed', versions: 1, written: 1, verified: 'valid' } as const;

describe('a T2 write', () => {
  it.each(cells)(
    '$victim $how at $station ($moment)',
    async (cell) => {
      const station: Station = stations[cell.station];
      const round = await playRound(present(), cell, cell.how === 'killed' ? killing(cell) : standingStill);
      const outcomes = round.unknown ? ['outcome_unknown', 'completed'] : ['completed'];
      expect(round).toMatchObject({ ...once, outcomes });
      expect(round.unknown && station.sent !== true).toBe(false);
      if (cell.how === 'stopped') expect(round.transactions).toBe(1);
      sound = true;
    },
    240_000,
  );
});
