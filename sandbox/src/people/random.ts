/** Repeatable choices: the same seed makes the same people, on every machine. Not for secrets. */

export interface Random {
  /** A whole number from `from` to `to`, both included. */
  readonly int: (from: number, to: number) => number;
  readonly pick: <T>(choices: readonly [T, ...T[]]) => T;
  /** So many different ones, in the order of the list. */
  readonly some: <T>(choices: readonly T[], count: number) => readonly T[];
  /** Shaped like a random UUID (RFC 9562 version 4). */
  readonly uuid: () => string;
}

/** A stream of its own for each name, so that one more choice for one person moves nobody else. */
export function randomFrom(seed: string): Random {
  let state = fnv1a(seed);
  /** mulberry32 (T. Ettinger, public domain): one 32-bit word. */
  const word = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const int = (from: number, to: number) => from + (word() % (to - from + 1));
  return {
    int,
    pick: (choices) => choices[int(0, choices.length - 1)] ?? choices[0],
    some: (choices, count) => {
      const order = choices.map((_, place) => ({ place, weight: word() }));
      const places = new Set(
        order
          .sort((a, b) => a.weight - b.weight || a.place - b.place)
          .slice(0, count)
          .map(({ place }) => place),
      );
      return choices.filter((_, place) => places.has(place));
    },
    uuid: () => {
      const hex = Array.from({ length: 4 }, () => word().toString(16).padStart(8, '0')).join('');
      const variant = '89ab'[word() % 4];
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
  };
}

/** FNV-1a, 32 bits, over UTF-16 code units. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  return hash >>> 0;
}
