import { describe, expect, it } from '@jest/globals';
import { digest } from '../../../src/action/ids.js';
import { historyLines } from '../../../src/cli/commands/rulebook-views.js';

describe('the history of the rules', () => {
  it('tells which way each became active: by the installation, in development, by a proposal', () => {
    const active = digest('a'.repeat(64));
    const since = '2026-01-02T03:04:05.000Z';
    const activations = [
      { ordinal: 3, digest: active, since, proposal: '0f0f0f0f-0000-4000-8000-000000000000' },
      { ordinal: 2, digest: active, since, proposal: null },
      { ordinal: 1, digest: active, since, proposal: null },
    ];
    const lines = historyLines({ active, activations, proposals: [], shadow: null });
    expect(
      lines.slice(1, 4).map((line) =>
        line
          .trimEnd()
          .split(/\s{2,}/)
          .at(-1),
      ),
    ).toEqual(['proposal 0f0f0f0f', 'development', 'bootstrap']);
  });
});
