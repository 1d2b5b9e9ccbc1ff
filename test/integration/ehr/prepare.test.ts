import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { canaryPatient } from '@countersign/sandbox';
import { patientReading } from '../../../src/ehr/patient-identity.js';
import { writeReadings } from '../../../src/ehr/write-elements.js';
import { after, before, codeOf, writeStage, type WriteStage } from './write-stage.js';

let at: WriteStage;
beforeAll(async () => {
  at = await writeStage();
});
afterAll(() => at.end());
afterEach(() => at.calm());

const text = { path: 'dosageInstruction[0].text', before, after };

describe('a preparation', () => {
  it('reads the record whole, once, and whose it is, and asks people about exactly what would change', async () => {
    const target = await at.order();
    const of = await at.asked(target);
    at.heard();
    expect(await at.prepare(of)).toEqual({ status: 'prepared', revision: 2 });
    expect(at.heard()).toMatchObject([
      {
        method: 'GET',
        path: `/fhir/${target}`,
        query: '',
        scopes: ['system/MedicationRequest.r', 'system/Provenance.rs'],
        requestId: `${of.action}.prepare.1.1`,
      },
      {
        method: 'GET',
        path: '/fhir/Patient',
        query: expect.stringMatching(/^\??_id=canary&_count=1&_elements=meta%2Cname%2CbirthDate$/),
        scopes: ['system/Patient.rs'],
        requestId: `${of.action}.prepare.1.1`,
      },
    ]);
    const shown = await at.sealed(of, 'display/2');
    expect(shown).toMatchObject({
      title: 'Change one medication order',
      change: {
        patient: { name: canaryPatient.name, birthDate: '1931-02-28' },
        record: { name: 'Quillamine', coded: null, date: null, status: 'active', text: before },
        target,
        base: '1',
        changes: [text],
      },
    });
    expect(shown['change']).not.toHaveProperty('meanwhile');
    expect(await at.sealed(of, 'proposal/2')).toMatchObject({
      base: '1',
      changes: [text],
      resource: { status: 'active', dosageInstruction: [{ text: after }] },
    });
    expect(at.story(target)).toEqual([before]);
    expect(await at.kinds(of)).toEqual(['action.attempt', 'action.prepared']);
  });

  it('repeated, finds the revision that it made and asks the EHR nothing', async () => {
    const of = await at.asked(await at.order());
    const warrant = await at.mintPrepare(of);
    await at.prepare(of, warrant);
    at.heard();
    expect(await at.prepare(of, warrant)).toEqual({ status: 'prepared', revision: 2 });
    expect(at.heard()).toEqual([]);
  });

  it('resumes after the EHR was away', async () => {
    const of = await at.asked(await at.order());
    const warrant = await at.mintPrepare(of);
    at.ehr.faults.set({ match: { path: '/fhir/MedicationRequest' }, fault: { kind: 'drop' } });
    expect(await codeOf(at.prepare(of, warrant))).toBe('ehr.unavailable');
    expect(await at.prepare(of, warrant)).toEqual({ status: 'prepared', revision: 2 });
    expect(await at.kinds(of)).toEqual(['action.attempt', 'action.attempt', 'action.prepared']);
  });

  it('after a conflict rests on the new version, and shows what others changed meanwhile', async () => {
    const { of, target, warrant } = await at.ready();
    at.ehr.edit(target, { dosageInstruction: [{ text: 'as needed' }] });
    expect(await at.write(of, warrant)).toEqual({ status: 'conflict' });
    await at.db.admin.query(`UPDATE countersign.action SET status = 'preparing' WHERE action = $1`, [of.action]);
    expect(await at.prepare(of)).toEqual({ status: 'prepared', revision: 3 });
    expect(await at.sealed(of, 'display/3')).toMatchObject({
      change: {
        base: '2',
        changes: [{ ...text, before: 'as needed' }],
        meanwhile: [{ path: text.path, before, after: 'as needed' }],
      },
    });
    const again = await at.mintWrite(of, await at.approve(of));
    expect(await at.write(of, again)).toMatchObject({ status: 'performed' });
    expect(at.story(target)).toEqual([before, 'as needed', `${after} (ours)`]);
  });

  it('counts both records and their bytes against its warrant', async () => {
    const of = await at.asked(await at.order());
    const warrant = await at.mintPrepare(of);
    await at.prepare(of, warrant);
    const used = await at.db.admin.query('SELECT records, bytes FROM countersign.warrant_use WHERE jti = $1', [
      warrant.jti,
    ]);
    expect(used.rows).toEqual([{ records: 2, bytes: expect.anything() }]);
  });

  it('says plainly that the EHR gives no name', async () => {
    const of = await at.asked(await at.order());
    const nameless = { name: [], birthDate: undefined };
    const [patient] = at.ehr.versions(canaryPatient.patient);
    at.ehr.edit(canaryPatient.patient, nameless);
    await at.prepare(of);
    at.ehr.edit(canaryPatient.patient, { name: patient?.['name'], birthDate: patient?.['birthDate'] });
    expect(await at.sealed(of, 'display/2')).toMatchObject({ change: { patient: { name: null } } });
  });

  it('of a roll-back reads the version to go back to', async () => {
    const { of, target, warrant } = await at.ready();
    await at.write(of, warrant);
    const back = await at.asked(target, {}, { restore: { version: '1' } });
    at.heard();
    expect(await at.prepare(back)).toEqual({ status: 'prepared', revision: 2 });
    expect(at.heard().map(({ path }) => path)).toEqual([
      `/fhir/${target}`,
      `/fhir/${target}/_history/1`,
      '/fhir/Patient',
    ]);
    expect(await at.write(back, await at.mintWrite(back, await at.approve(back)))).toMatchObject({
      status: 'performed',
    });
    expect(at.story(target)).toEqual([before, `${after} (ours)`, `${before} (ours)`]);
  });
});

describe('a change that does not fit', () => {
  it.each<[what: string, change: unknown, rule: string]>([
    ['what the record says already', { dosageInstruction: [{ at: 0, text: before }] }, 'write.no_change'],
    ['an instruction that is not there', { dosageInstruction: [{ at: 7, text: after }] }, 'write.not_applicable'],
    ['a version that is not there', { restore: { version: '9' } }, 'write.not_applicable'],
    ['another shape', { subject: { reference: 'Patient/p2' } }, 'write.change_shape'],
  ])('is refused by name and asks nobody: %s', async (_what, change, rule) => {
    const of = await at.asked(await at.order(), {}, change);
    const warrant = await at.mintPrepare(of);
    expect(await at.prepare(of, warrant)).toEqual({ status: 'refused', rules: [rule] });
    expect(await at.prepare(of, warrant)).toEqual({ status: 'refused', rules: [rule] });
    expect(await at.kinds(of)).toEqual(['action.attempt', 'action.attempt']);
    expect(await at.events(of)).toEqual([]);
  });

  it('for want of a record is refused too', async () => {
    const of = await at.asked('MedicationRequest/nobody-knows-it');
    expect(await at.prepare(of)).toEqual({ status: 'refused', rules: ['write.other_target'] });
  });
});

describe('nothing is prepared', () => {
  it('of another patient’s record, and somebody should look', async () => {
    const of = await at.asked(await at.order({ subject: { reference: at.ehr.demoPatients[0]?.patient } }));
    expect(await codeOf(at.prepare(of))).toBe('ehr.other_patient');
    expect(await at.kinds(of)).toEqual(['action.attempt', 'security.event']);
  });

  it('from another record than was asked for', async () => {
    const target = await at.order();
    const of = await at.asked(target);
    at.ehr.faults.set({ match: { path: `/fhir/${target}` }, fault: { kind: 'wrong_patient' } });
    expect(await codeOf(at.prepare(of))).toBe('ehr.other_patient');
  });

  it('that would not say whose record it is', async () => {
    const of = await at.asked(await at.order());
    const elements = writeReadings('medication.update', ['current_medications'], 'read');
    expect(await codeOf(at.prepare(of, await at.mintPrepare(of, { elements })))).toBe('warrant.other_element');
    expect(await at.kinds(of)).toEqual(['warrant.refused', 'security.event']);
  });

  it('with another patient in the place of this one, and somebody should look', async () => {
    const of = await at.asked(await at.order());
    at.ehr.faults.set({ match: { path: '/fhir/Patient' }, fault: { kind: 'wrong_patient' } });
    expect(await codeOf(at.prepare(of))).toBe('ehr.other_patient');
    expect(await at.events(of)).toEqual(['ehr.other_patient']);
  });

  it.each<[what: string, more: object, code: string]>([
    ['another type of record', { elements: [] }, 'warrant.other_element'],
    ['no leave to read', { scopes: true }, 'warrant.other_element'],
  ])('under a warrant with %s', async (_what, more, code) => {
    const of = await at.asked(await at.order());
    const reading = {
      name: 'current_medications',
      searches: [{ type: 'elements' in more ? 'Provenance' : 'MedicationRequest', params: {} }],
      scopes: 'scopes' in more ? ['system/Provenance.rs'] : ['system/MedicationRequest.r', 'system/Provenance.rs'],
      fields: ['status'],
      maxRecords: 1,
      episodeBound: false,
    };
    at.heard();
    const narrowed = { elements: [reading, patientReading] };
    expect(await codeOf(at.prepare(of, await at.mintPrepare(of, narrowed)))).toBe(code);
    expect(at.heard()).toEqual([]);
  });

  it('for an action that ended', async () => {
    const of = await at.asked(await at.order());
    const warrant = await at.mintPrepare(of);
    await at.db.admin.query(
      `UPDATE countersign.action SET status = 'cancelled', concluded_at = clock_timestamp() WHERE action = $1`,
      [of.action],
    );
    at.heard();
    expect(await at.prepare(of, warrant)).toEqual({ status: 'refused', rules: ['action.ended'] });
    expect(at.heard()).toEqual([]);
  });
});
