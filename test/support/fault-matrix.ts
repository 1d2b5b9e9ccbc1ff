/** Every station with every victim, and a gateway that stands still, in an order that a seed tells. */
import { randomFrom } from '../../sandbox/src/people/random.js';
import type { Moment } from './crash-points.js';
import { victims, type Victim } from './fault-stack.js';
import { stations, type StationName } from './fault-stations.js';

export interface Cell {
  /** With -9; or by SIGSTOP, and continued when its lease is over. */
  readonly how: 'killed' | 'stopped';
  readonly station: StationName;
  readonly victim: Victim;
  /** Of stations that are transactions: whether what is held is lost or goes through unheard. */
  readonly moment: Moment;
}

/** The gateway that was told that it may send, and did not come to it in time. */
const stopped: Cell = { how: 'stopped', station: 'sending', victim: 'ehr', moment: 'commit' };

/** The same seed, the same order and the same moments. */
export function matrixOf(seed: string): readonly Cell[] {
  const random = randomFrom(seed);
  const names = Object.keys(stations).filter((name): name is StationName => name in stations);
  const killed = names.flatMap((station) =>
    victims.map((victim): Cell => ({ how: 'killed', station, victim, moment: random.pick<Moment>(['row', 'commit']) })),
  );
  return [...killed, stopped]
    .map((cell) => ({ cell, weight: random.int(0, 2 ** 31) }))
    .sort((a, b) => a.weight - b.weight)
    .map(({ cell }) => cell);
}
