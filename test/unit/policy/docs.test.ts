import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { complaints } from '../../support/policy.js';
import { rulebookFiles } from '../../support/rulebook.js';

const snippets = [
  ...readFileSync('docs/policy.md', 'utf8').matchAll(/^```yaml\n(# (\S+\.yaml)( extends (\S+))?\n[^]*?)^```$/gm),
];

describe('docs/policy.md', () => {
  it('has snippets', () => {
    expect(snippets.map(([, , file]) => file)).toEqual(['policy.yaml', 'policy.yaml', 'calendar.yaml', 'policy.yaml']);
  });

  it.each(snippets.map(([, text = '', file = '', , base]) => [file, text, base] as const))(
    'shows a %s that loads',
    (file, text, base) => {
      const shipped = rulebookFiles()['policy.yaml'] ?? '';
      expect(complaints({ [file]: text, ...(base !== undefined && { [base]: shipped }) })).toEqual([]);
    },
  );
});
