import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { policies } from '../../support/rulebook.js';

const folder = mkdtempSync(join(tmpdir(), 'countersign-policy-'));
const text = readFileSync(join(policies, 'policy.yaml'), 'utf8');

/** The command as people run it, in a folder of its own. */
function policy(args: readonly string[], input = ''): { code: number | null; out: string; err: string } {
  const main = join(process.cwd(), 'dist/src/cli/main.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'policy', ...args], {
    cwd: folder,
    input,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
  });
  return { code: status, out: stdout, err: stderr };
}

function written(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return name;
}

/** The shipped policy, a passage of it replaced. */
function variant(name: string, from: string | RegExp, to: string): string {
  const other = text.replace(from, to);
  if (other === text) throw new Error('policy.yaml does not hold the passage any more');
  return written(name, other);
}

const weak = variant('weak.yaml', '      - treatment_relationship: proven\n', '');
const strict = variant(
  'strict.yaml',
  'can_access: [treatment_records, clinical_notes]',
  'can_access: [treatment_records]',
);
const request = {
  type: 'medications.read',
  agent_role: 'triage',
  purpose: 'treatment',
  role: 'clinician',
  treatment_relationship: true,
  reason: true,
};

describe('countersign policy check', () => {
  it('finds nothing wrong with the rulebook that ships, and proves its invariants', () => {
    const { code, out } = policy(['check', policies]);
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('0 errors, 0 warnings') });
    expect(out).not.toMatch(/BROKEN/);
  });

  it('warns of the rule of the published example that restricts nothing, with the deny that would', () => {
    const { code, out } = policy(['check', join(policies, 'examples', 'hipaa-phi-protection.yaml')]);
    expect(code).toBe(0);
    expect(out).toMatch(/^warning  .*hipaa-phi-protection.yaml:18:5: /m);
    expect(out).toMatch(/effect: deny\n[^]*business_hours/);
  });

  it('names everything that is wrong, with file, line, column and the word that would have been right', () => {
    const file = written(
      'wrong.yaml',
      text.replace('purpose: treatment', 'purpose: tretment').replace('action: write', 'action: writ'),
    );
    const { code, out } = policy(['check', file]);
    expect(code).toBe(1);
    expect(out).toMatch(/^error    wrong\.yaml:\d+:\d+: unknown purpose "tretment"; did you mean "treatment"\?$/m);
    expect(out).toMatch(/^error    wrong\.yaml:\d+:\d+: unknown action "writ"; did you mean "write"\?$/m);
  });

  it('refutes an invariant by a request', () => {
    const invariants = join(policies, 'tests', 'default.yaml');
    const { code, out } = policy(['check', weak, '--invariants', invariants]);
    expect(code).toBe(1);
    expect(out).toMatch(/^BROKEN   Nobody reads or changes a record who was not shown to treat the patient\n +allowed all the same: read of /m); // prettier-ignore
    const { status, checked } = JSON.parse(policy(['check', weak, '--invariants', invariants, '--json']).out);
    expect(status).toBe('wrong');
    expect(checked[0].invariants).toContainEqual(
      expect.objectContaining({ status: 'broken', counterexample: expect.anything() }),
    );
  });

  it('does not judge a policy of more than 1,000 rules', () => {
    const rules = Array.from({ length: 1_001 }, (_, at) => `  - { id: r${at}, action: read, effect: deny }\n`);
    const file = written('many.yaml', `version: '1.0'\nname: x\nrules:\n${rules.join('')}`);
    const { code, out } = policy(['check', file]);
    expect({ code, out }).toMatchObject({
      code: 1,
      out: expect.stringContaining('many.yaml:4:3: more than 1,000 rules'),
    });
  });

  it('judges a policy that extends another beside it', () => {
    written('base.yaml', text);
    const deny = 'rules: [{ id: no_writes, action: write, effect: deny }]';
    const file = written('clinic.yaml', `version: "1.0"\nname: clinic\nextends: base\n${deny}\n`);
    expect(policy(['check', file])).toMatchObject({ code: 0 });
    expect(policy(['diff', 'base.yaml', file])).toMatchObject({ code: 50, out: expect.stringContaining('denied now') });
  });

  it('says that a file is not there', () => {
    expect(policy(['check', 'nowhere.yaml'])).toMatchObject({ code: 1, err: 'There is no nowhere.yaml.\n' });
    expect(policy(['check'])).toMatchObject({ code: 2 });
  });
});

describe('countersign policy test', () => {
  it('passes the cases of the rulebook that ships', () => {
    const { code, out } = policy(['test']);
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/default.yaml: \d+ passed, 0 failed/) });
  });

  it('fails with what was expected, and what came', () => {
    const file = written(
      'cases.yaml',
      `version: '1.0'\nname: x\ncases:\n  - name: it\n    request: ${JSON.stringify(request)}\n    expect: { effect: allow, tier: T2 }\n`,
    );
    const { code, out } = policy(['test', file]);
    expect(code).toBe(1);
    expect(out).toBe(
      'FAILED   cases.yaml:4:5: it\n         tier: expected T2, got T1\ncases.yaml: 0 passed, 1 failed\n',
    );
    expect(JSON.parse(policy(['test', file, '--json']).out)).toMatchObject({
      status: 'failed',
      files: [{ failed: 1 }],
    });
  });

  it('refuses a case that expects nothing', () => {
    const file = written(
      'nothing.yaml',
      `version: '1.0'\nname: x\ncases:\n  - name: it\n    request: { verb: read }\n`,
    );
    expect(policy(['test', file])).toMatchObject({ code: 1, err: 'nothing.yaml:4:5: a case that expects nothing\n' });
  });
});

describe('countersign policy test of what holds no tests', () => {
  it('names the folder that it was given', () => {
    mkdirSync(join(folder, 'empty'));
    expect(policy(['test', 'empty'])).toMatchObject({ code: 1, err: 'There are no tests in empty.\n' });
  });

  it('suggests no key for one that is right elsewhere', () => {
    const { code, err } = policy(['test', weak]);
    expect(code).toBe(1);
    expect(err).toMatch(/unknown key "rules"$/m);
  });
});

describe('countersign policy explain', () => {
  const options = [
    '--type',
    'medications.read',
    '--purpose',
    'treatment',
    '--agent-role',
    'triage',
    '--role',
    'clinician',
  ];

  it('says why, and what would change the answer', () => {
    const { code, out } = policy(['explain', ...options, '--reason']);
    expect(code).toBe(0);
    expect(out).toMatch(/^Denied\.$/m);
    expect(out).toMatch(/^ {2}treatment_read +treatment_relationship$/m);
    expect(out).toMatch(/It would be allowed with:\n {2}treatment relationship: yes\n/);
  });

  it('reads the same request from standard input', () => {
    const told = policy(['explain', ...options, '--reason', '--treatment-relationship', '--json']);
    const read = policy(['explain', '--json'], JSON.stringify(request));
    const { request: _one, ...first } = JSON.parse(told.out);
    const { request: _other, ...second } = JSON.parse(read.out);
    expect(first).toEqual(second);
    expect(first.answer).toMatchObject({ effect: 'allow', terms: { tier: 'T1' } });
  });

  it('says no to words that nobody knows', () => {
    expect(policy(['explain', '--type', 'medication.read'])).toMatchObject({
      code: 1,
      err: 'type: unknown action type "medication.read"; did you mean "medications.read"?\n',
    });
    expect(policy(['explain'], '{"typ":"x"}')).toMatchObject({
      code: 1,
      err: expect.stringContaining('did you mean "type"'),
    });
    expect(policy(['explain'], 'x')).toMatchObject({ code: 1, err: 'Standard input is not JSON.\n' });
  });
});

describe('countersign policy diff', () => {
  it('shows what a weaker policy allows, and says by its exit code that it is wider', () => {
    const { code, out } = policy(['diff', policies, weak]);
    expect(code).toBe(51);
    expect(out).toMatch(/^\d+ allowed now\n {2}read of current_medications, allergy_history: purpose TREAT, /);
  });

  it('tells stricter from wider', () => {
    expect(policy(['diff', policies, strict])).toMatchObject({ code: 50 });
    expect(JSON.parse(policy(['diff', policies, strict, '--json']).out)).toMatchObject({ status: 'stricter' });
  });

  it('finds nothing where nothing is answered differently', () => {
    const same = variant('same.yaml', "'Opening hours and locations name nobody.'", "'Whatever.'");
    expect(policy(['diff', policies, same])).toEqual({
      code: 0,
      out: 'No request is answered differently.\n',
      err: '',
    });
  });

  /** The shipped rulebook in a folder of its own, a passage of one file replaced. */
  function rulebookWith(name: string, file: string, from: string, to: string): string {
    cpSync(policies, join(folder, name), { recursive: true });
    const place = join(folder, name, file);
    const before = readFileSync(place, 'utf8');
    const after = before.replace(from, to);
    if (after === before) throw new Error(`${file} does not hold the passage any more`);
    writeFileSync(place, after);
    return name;
  }

  it('compares amounts that no single request tells', () => {
    const looser = rulebookWith('looser', 'quotas.yaml', 'limit: 499', 'limit: 9999');
    expect(policy(['diff', policies, looser])).toEqual({
      code: 51,
      out: '1 amount wider now\n  quotas.yaml: quotas.agent_patients_day.limit  499 → 9999\n',
      err: '',
    });
    expect(policy(['diff', looser, policies])).toMatchObject({ code: 50 });
  });

  it('takes a longer look-back for wider', () => {
    const looking = (within: string) =>
      text
        .replace('rules:\n', `preceded_within: ${within}\nrules:\n`)
        .replace('    conditions:\n', '    conditions:\n      - preceded_by: record.read\n');
    written('long.yaml', looking('200h'));
    written('short.yaml', looking('4h'));
    const { code, out } = policy(['diff', 'short.yaml', 'long.yaml']);
    expect({ code, out }).toEqual({
      code: 51,
      out: '1 amount wider now\n  policy.yaml: preceded_within  14400 s → 720000 s\n',
    });
    expect(policy(['diff', 'long.yaml', 'short.yaml'])).toMatchObject({ code: 50 });
  });

  it('never says that nothing differs where something was not compared, and names it', () => {
    const later = rulebookWith('later', 'tiers.yaml', 'deadline: 4h', 'deadline: 5h');
    expect(policy(['diff', policies, later])).toEqual({
      code: 52,
      out: 'None was found among what was compared.\nThese differ and were not compared; look at them yourself:\n  tiers.yaml: tiers.T1.deadline\n',
      err: '',
    });
  });

  it('does not call stricter what was not all compared', () => {
    const both = rulebookWith('both', 'tiers.yaml', 'deadline: 4h', 'deadline: 5h');
    writeFileSync(join(folder, both, 'policy.yaml'), readFileSync(join(folder, strict), 'utf8'));
    const { code, out } = policy(['diff', policies, both]);
    expect({ code, out }).toMatchObject({ code: 52, out: expect.stringContaining('denied now') });
    writeFileSync(join(folder, both, 'policy.yaml'), readFileSync(join(folder, weak), 'utf8'));
    expect(policy(['diff', policies, both])).toMatchObject({ code: 51 });
  });
});

describe('countersign policy simulate', () => {
  it('judges past requests under another policy', () => {
    const lines = [request, { ...request, name: 'notes', verb: 'read', type: undefined, reason: undefined, agent_role: 'documentation', elements: 'clinical_notes', destination: 'treatment' }].map((line) => JSON.stringify(line)).join('\n'); // prettier-ignore
    const { code, out } = policy(['simulate', strict], lines);
    expect(code).toBe(50);
    expect(out).toMatch(/^1 denied now\n {2}notes {2}read of clinical_notes: /);
    expect(out).toMatch(/1 of 2 requests would be answered differently\.\n$/);
    expect(policy(['simulate', policies], lines)).toMatchObject({ code: 0 });
  });

  it('has tried nothing where there is no request', () => {
    const said = { code: 1, err: 'There is no request on standard input, so that nothing was tried.\n' };
    expect(policy(['simulate', policies], '\n')).toMatchObject(said);
    expect(policy(['simulate', policies, '--from-leaves'], '')).toMatchObject(said);
  });

  it('says by its exit code that a request is answered more widely', () => {
    const line = JSON.stringify({ verb: 'read', elements: 'medications', purpose: 'treatment', destination: 'treatment', agent_role: 'triage', role: 'clinician' }); // prettier-ignore
    expect(policy(['simulate', weak], line)).toMatchObject({ code: 51 });
  });

  it('does not pass over a line that it cannot read', () => {
    expect(policy(['simulate', weak], `${JSON.stringify(request)}\n{"typ":1}`)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^Line 2: /),
    });
    expect(policy(['simulate', weak, '--from-leaves'], '{"kind":"action.requested"}')).toMatchObject({
      code: 1,
      err: 'Line 1 is no leaf of a log.\n',
    });
  });
});
