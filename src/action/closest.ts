/** The known word nearest to what was typed, within a third of its length in edits (Levenshtein 1966); else undefined. */
export function closest(typed: string, known: readonly string[]): string | undefined {
  const near = known
    .map((word) => ({ word, edits: editDistance(typed.slice(0, 64).toLowerCase(), word.toLowerCase()) }))
    .filter(({ word, edits }) => edits <= Math.max(1, Math.floor(word.length / 3)))
    .sort((a, b) => a.edits - b.edits);
  return near[0]?.word;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  [...a].forEach((letter, line) => {
    const above = row;
    row = [line + 1];
    for (let column = 1; column <= b.length; column++) {
      const substituted = (above[column - 1] ?? 0) + (letter === b[column - 1] ? 0 : 1);
      row.push(Math.min(substituted, (above[column] ?? 0) + 1, (row[column - 1] ?? 0) + 1));
    }
  });
  return row[b.length] ?? 0;
}
