import { describe, expect, it } from '@jest/globals';
import { accountRows, problemLine } from '../../../src/audit/report.js';
import { verifyBundle } from '../../../src/audit/verify.js';
import { amara, goodBundle, logs } from './sample-log.js';

describe('what people read', () => {
  it('tells the story of an approved read', () => {
    const verified = verifyBundle(goodBundle(), logs);
    const rows = verified.status === 'invalid' ? [] : accountRows(verified.account);
    const told = new Map(rows);
    expect(told.get('requested')).toMatch(/medications\.read \(T1\) for TREAT: current_medications$/);
    expect(told.get('by')).toMatch(/^agent triage-agent 1\.0\.0 \(model-1\)/);
    expect(told.get('approvals')).toBe('1 clinical_staff');
    expect(told.get('vote')).toContain(`approve by ${amara} as clinical_staff: approve.access (idp)`);
    expect(told.get('outcome')).toMatch(/completed: 3 records, 0 findings$/);
    expect(told.get('retention')).toBe('action until 2032-11-24');
    expect(told.get('leaves')).toMatch(/later ones may exist/);
  });

  it('counts leaves from one, and says what to do', () => {
    expect(problemLine({ code: 'leaf.not_included', leaf: 0 })).toMatch(/^leaf 1: leaf\.not_included: .*Report it\.$/);
    expect(problemLine({ code: 'bundle.malformed' })).toMatch(/^bundle\.malformed: .*Ask for the file again/);
  });
});
