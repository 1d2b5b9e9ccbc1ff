/** The sandbox EHR: a small FHIR R4 server with SMART Backend Services, filled with synthetic people. */
import { createServer } from 'node:http';
import { population } from '../people/population.js';
import { parseAddress } from './address.js';
import { demoPatientsOf, type DemoPatient } from './demo-patients.js';
import { editIn, type Edit } from './edit.js';
import { serve } from './exchange.js';
import { Faults } from './faults.js';
import { fileJournal, noJournal } from './journal.js';
import { RequestLog, type LoggedRequest } from './request-log.js';
import type { StoredResource } from './resource.js';
import { FhirStore } from './store.js';
import { tokenEndpoint, type EhrClient } from './token-endpoint.js';

export interface EhrOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** 127.0.0.1 unless told. */
  readonly host?: string;
  /** Where the journal lives; without it the records end with the process. */
  readonly stateDir?: string;
  readonly clients: readonly EhrClient[];
  /** Chooses the synthetic people, and what is laid over bundles. */
  readonly seed?: string;
  /** Folder of Synthea transaction bundles, taken instead of generated people. */
  readonly bundlesDir?: string;
  /** Opens the control routes; without it there are none. */
  readonly controlToken?: string;
  /** The system's, unless a test says otherwise. */
  readonly clock?: () => Date;
}

export interface RunningEhr {
  /** FHIR base URL, without a slash at its end. */
  readonly url: string;
  readonly tokenUrl: string;
  /** Base of the control routes, `…/$sandbox`. */
  readonly controlUrl: string;
  readonly demoPatients: readonly DemoPatient[];
  readonly requests: (kind?: LoggedRequest['kind']) => readonly LoggedRequest[];
  readonly faults: Faults;
  /** Somebody else changes `Type/id`: its next version has these elements. @throws FhirError 400, 404 */
  readonly edit: (reference: string, elements: Edit) => { readonly versionId: string };
  /** Puts `Type/id` back to this version, as an older backup would; later ones are gone. @throws FhirError 400, 404 */
  readonly restore: (reference: string, versionId: string) => void;
  /** Every version of `Type/id`, oldest first, past scopes and request log. @throws FhirError 400, 404 */
  readonly versions: (reference: string) => readonly StoredResource[];
  readonly close: () => Promise<void>;
}

/** @throws Error when the port is taken or a bundle or journal cannot be read. */
export async function startEhr(options: EhrOptions): Promise<RunningEhr> {
  const clock = options.clock ?? (() => new Date());
  const store = filledStore(options, clock);
  const faults = new Faults();
  const log = new RequestLog();
  const host = options.host ?? '127.0.0.1';

  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const origin = `http://${host}:${port}`;
  const tokenUrl = `${origin}/auth/token`;
  const tokens = tokenEndpoint(options.clients, tokenUrl, clock);
  const parts = { origin, tokenUrl, store, tokens, faults, log, controlToken: options.controlToken, clock };
  server.on('request', (request, response) => void serve(parts, request, response));

  return {
    url: `${origin}/fhir`,
    tokenUrl,
    controlUrl: `${origin}/$sandbox`,
    demoPatients: demoPatientsOf(store),
    requests: (kind) => log.list(kind),
    faults,
    edit: (reference, elements) => ({ versionId: editIn(store, reference, elements).meta.versionId }),
    restore(reference, versionId) {
      const { type, id } = parseAddress(reference);
      store.restore(type, id, versionId);
    },
    versions: (reference) => store.versions(parseAddress(reference)),
    close: () =>
      new Promise((resolve, reject) => {
        faults.abandon();
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

/** What the journal holds; an empty one is filled first, so that the records never depend on more than their folder. */
function filledStore({ stateDir, seed = 'clinic', bundlesDir }: EhrOptions, clock: () => Date): FhirStore {
  const store = new FhirStore(stateDir === undefined ? noJournal : fileJournal(stateDir), clock);
  if (store.isEmpty) {
    const today = clock().toISOString().slice(0, 10);
    store.fill(population({ seed, today, ...(bundlesDir !== undefined && { bundlesDir }) }));
  }
  return store;
}
