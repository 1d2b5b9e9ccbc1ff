import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Refusal } from '../../../src/action/refusal.js';
import { checkClock } from '../../../src/cli/doctor/database.js';
import { checkNode } from '../../../src/cli/doctor/machine.js';
import { checkApi, checkKeyring } from '../../../src/cli/doctor/services.js';
import { checkSearchAttributes } from '../../../src/cli/doctor/temporal.js';
import { explainFailure } from '../../../src/cli/explain-failure.js';
import { paintFor, progressLines, table } from '../../../src/cli/terminal.js';
import { searchAttributeTypes } from '../../../src/temporal/search-attributes.js';

describe('what a terminal shows', () => {
  it('aligns columns and leaves no blanks at the end of a line', () => {
    expect(table([['a', 'bb', ''], ['ccc', 'd']])).toEqual(['a    bb', 'ccc  d']); // prettier-ignore
  });

  it('paints terminals only, and none where NO_COLOR is set', () => {
    expect(paintFor({ isTTY: true }, {})('red', 'x')).toBe('\u001B[31mx\u001B[39m');
    expect(paintFor({ isTTY: true }, { NO_COLOR: '1' })('red', 'x')).toBe('x');
    expect(paintFor({}, {})('red', 'x')).toBe('x');
  });

  it('dates progress from its beginning', () => {
    const lines: string[] = [];
    let now = 5_000;
    const progress = progressLines({ write: (text: string) => lines.push(text) }, { env: {}, clock: () => now });
    now += 1_250;
    progress('postgres up');
    expect(lines).toEqual(['  1.3 s  postgres up\n']);
  });
});

describe('a command that failed', () => {
  it('says a refusal in its own words, and of a foreign error one line and where to look', () => {
    expect(explainFailure(new Refusal('keyring.missing', 'Make the folder.'))).toBe('Make the folder.');
    const foreign = Object.assign(new Error('connect ECONNREFUSED\n  at …'), { code: 'ECONNREFUSED' });
    expect(explainFailure(foreign)).toBe('countersign: connect ECONNREFUSED. See what is missing: countersign doctor');
    expect(explainFailure(undefined)).toMatch(/countersign doctor$/);
  });
});

describe('doctor', () => {
  it.each([
    ['20.19.0', 'ok'],
    ['24.1.0', 'ok'],
    ['20.18.3', 'problem'],
    ['18.20.0', 'problem'],
  ])('judges Node %s: %s', (version, status) => {
    expect(checkNode(version).status).toBe(status);
  });

  it.each([
    [0, 'ok'],
    [-2_000, 'ok'],
    [2_001, 'problem'],
    [-3_600_000, 'problem'],
  ])('judges a database clock %d ms ahead: %s', (ahead, status) => {
    expect(checkClock(ahead).status).toBe(status);
  });

  it('says who is behind when the clocks differ', () => {
    expect(checkClock(5_000).detail).toContain('this machine is 5.0 s behind the database');
  });

  it('names missing search attributes with the command that adds them', () => {
    const known = new Map<string, unknown>(Object.entries(searchAttributeTypes));
    expect(checkSearchAttributes(known, 'n').status).toBe('ok');
    known.delete('GovNeeds');
    known.delete('GovDeadline');
    expect(checkSearchAttributes(known, 'n')).toMatchObject({
      status: 'problem',
      detail: 'missing: GovNeeds, GovDeadline',
      mend: 'temporal operator search-attribute create --namespace n --name GovNeeds --type Keyword --name GovDeadline --type Datetime',
    });
    known.set('GovNeeds', 1);
    expect(checkSearchAttributes(known, 'n').detail).toBe('of another type: GovNeeds');
  });

  it('finds a keyring that is missing or open to others', () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-unit-'));
    expect(checkKeyring(`folder:${folder}`).status).toBe('ok');
    chmodSync(folder, 0o755);
    expect(checkKeyring(`folder:${folder}`)).toMatchObject({ status: 'warning', mend: `chmod 700 ${folder}` });
    expect(checkKeyring(`folder:${folder}/none`).status).toBe('problem');
  });

  it('finds an API that does not answer', async () => {
    expect(await checkApi('http://127.0.0.1:1', 'start it')).toMatchObject({ status: 'problem', mend: 'start it' });
  });
});
