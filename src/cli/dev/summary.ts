/** What a development stack tells about itself: `dev.json` in its state folder, and the one line of `--json`. */
import { z } from 'zod';

export const devSummarySchema = z.strictObject({
  ready: z.literal(true),
  /** Absolute path of the state folder. */
  state: z.string(),
  /** Of the supervising process. */
  pid: z.int(),
  tenant: z.string(),
  /** C2SP origin of the tenant's log; always begins with `dev.`. */
  origin: z.string(),
  /** C2SP verifier key of the log. */
  vkey: z.string(),
  namespace: z.string(),
  urls: z.strictObject({
    api: z.url(),
    issuer: z.url(),
    fhir: z.url(),
    /** The Temporal UI behind our proxy, which decodes for a signed-in operator. */
    ui: z.url(),
    codec: z.url(),
    /** host:port of the Temporal frontend. */
    temporal: z.string(),
    /** PostgreSQL as its administrator; the password is in it. */
    database: z.string(),
  }),
  /** Process name → pid: postgres, temporal, ehr, idp, api, worker-governance, worker-ehr, signer, codec-server. */
  processes: z.record(z.string(), z.int()),
  people: z.array(
    z.strictObject({
      /** OIDC `sub`, and the name that `--sandbox-person` takes. */
      person: z.string(),
      name: z.string(),
      roles: z.array(z.string()),
      password: z.string(),
      /** Base32. */
      totpSecret: z.string(),
    }),
  ),
  agents: z.array(z.strictObject({ agent: z.string(), keyFile: z.string() })),
});
export type DevSummary = Readonly<z.infer<typeof devSummarySchema>>;

/** Where CLI commands look for a stack when nobody tells them another: `COUNTERSIGN_STATE`, else this, below the working folder. */
export const defaultState = '.countersign';
export const summaryFile = 'dev.json';
