import { CommandFailure, wrongUse } from './failure.js';

/** Letters of an id that lists show, and that are enough while no other begins so. */
export const shownLetters = 8;

const whole = /^[a-z2-7]{26}$/;
const start = /^[a-z2-7]{1,25}$/;

/**
 * The action that somebody means by an id or its first letters; those are looked up among the given ones only.
 *
 * @throws CommandFailure when it is no id, or stands for none or several.
 */
export async function findId(asked: string, among: () => Promise<readonly { readonly id: string }[]>): Promise<string> {
  if (whole.test(asked)) return asked;
  if (!start.test(asked)) throw wrongUse('An id is 26 letters and digits, or the first few of them.');
  const [found, ...others] = [...new Set((await among()).map(({ id }) => id))].filter((id) => id.startsWith(asked));
  if (found === undefined)
    throw new CommandFailure(1, 'id.unknown', 'Nothing in the list begins so; give the whole id.');
  if (others.length > 0) throw new CommandFailure(1, 'id.ambiguous', 'Several ids begin so; give more letters.');
  return found;
}
