import { z } from 'zod';
import type { FhirStore } from './store.js';
import { planSearch } from './search.js';
import { valuesAt } from './resource.js';
import { demoTag } from '../people/overlay.js';

/** A patient with an open encounter, where the demo's clinicians are at work. */
export interface DemoPatient {
  /** `Patient/<id>` */
  readonly patient: string;
  /** `Encounter/<id>` */
  readonly encounter: string;
  readonly name: string;
}

const named = z.object({ given: z.array(z.string()), family: z.string() });

/** Read from the records, not from what filled them: a restarted server has only its journal. The first is shown. */
export function demoPatientsOf(store: FhirStore): readonly DemoPatient[] {
  const tagged = planSearch(
    'Encounter',
    new URLSearchParams({ _tag: `${demoTag.system}|${demoTag.code}`, _count: '200' }),
  );
  return store.search('Encounter', tagged).resources.flatMap((encounter) => {
    const [patient] = valuesAt(encounter, 'subject.reference');
    if (typeof patient !== 'string') return [];
    const [name] = valuesAt(store.read('Patient', patient.replace('Patient/', '')), 'name');
    const { given, family } = named.parse(name);
    return [{ patient, encounter: `Encounter/${encounter.id}`, name: `${given.join(' ')} ${family}` }];
  });
}
