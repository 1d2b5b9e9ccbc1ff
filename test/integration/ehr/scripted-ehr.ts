/** An EHR on a real socket that answers what a test tells it, and remembers every request: for answers no honest one gives. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { decodeProtectedHeader, generateKeyPair, jwtVerify, type CryptoKey } from 'jose';
import { fhirGateway, type FhirGateway } from '../../../src/ehr/fhir.gateway.js';
import { smartTokens } from '../../../src/ehr/smart.gateway.js';

export interface SeenRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

export type Reply = (request: SeenRequest, response: ServerResponse) => void;

export interface ScriptedEhr {
  readonly base: string;
  readonly fhir: FhirGateway;
  /** Requests for data, in order; tokens and discovery apart. */
  readonly requests: SeenRequest[];
  readonly tokenRequests: URLSearchParams[];
  /** Answers the next requests for data in this order; the last one stays. */
  reply(...replies: Reply[]): void;
  /** Answers the next token requests in this order; then honestly again. */
  replyToken(...replies: Reply[]): void;
  /** Milliseconds to add to the gateway's clock. */
  advance(ms: number): void;
  close(): Promise<void>;
}

const clientId = 'countersign';

export async function scriptedEhr(): Promise<ScriptedEhr> {
  const { privateKey, publicKey } = await generateKeyPair('ES384');
  const requests: SeenRequest[] = [];
  const tokenRequests: URLSearchParams[] = [];
  let replies: Reply[] = [];
  let tokenReplies: Reply[] = [];
  let skipped = 0;
  let base = '';

  const server = createServer((request, response) => {
    void (async () => {
      const { pathname, searchParams } = new URL(request.url ?? '/', base);
      const seen: SeenRequest = { path: pathname, query: searchParams, headers: request.headers };
      if (pathname === '/fhir/.well-known/smart-configuration') {
        json({ token_endpoint: base.replace('/fhir', '/token') })(seen, response);
      } else if (pathname === '/token') {
        const form = new URLSearchParams(await text(request));
        tokenRequests.push(form);
        const scripted = tokenReplies.shift();
        if (scripted) return scripted(seen, response);
        await checkAssertion(form, publicKey, base.replace('/fhir', '/token'));
        const granted = {
          access_token: `token-${tokenRequests.length}`,
          token_type: 'bearer',
          expires_in: 300,
          scope: form.get('scope'),
        };
        json(granted)(seen, response);
      } else {
        requests.push(seen);
        const reply = replies.length > 1 ? replies.shift() : replies[0];
        (reply ?? status(404))(seen, response);
      }
    })().catch(() => status(400)({ path: '', query: new URLSearchParams(), headers: {} }, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/fhir`;

  const tokens = smartTokens({
    base,
    clientId,
    key: privateKey,
    kid: 'k1',
    monotonic: () => performance.now() + skipped,
    clock: () => Date.now() / 1000,
    randomId: () => crypto.randomUUID(),
  });
  return {
    base,
    fhir: fhirGateway({ base, tokens }),
    requests,
    tokenRequests,
    reply: (...next) => void (replies = next),
    replyToken: (...next) => void (tokenReplies = next),
    advance: (ms) => void (skipped += ms),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** SMART App Launch 2.2, "Client Authentication: Asymmetric": what an EHR must insist on. */
async function checkAssertion(form: URLSearchParams, key: CryptoKey, tokenUrl: string): Promise<void> {
  const assertion = form.get('client_assertion') ?? '';
  const { payload } = await jwtVerify(assertion, key, {
    algorithms: ['ES384'],
    issuer: clientId,
    subject: clientId,
    audience: tokenUrl,
    requiredClaims: ['exp', 'jti'],
  });
  const life = (payload.exp ?? 0) - Date.now() / 1000;
  if (life > 300 || decodeProtectedHeader(assertion).kid !== 'k1') throw new Error('assertion');
}

export const json =
  (body: unknown, headers: Record<string, string> = {}): Reply =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/fhir+json', ...headers }).end(JSON.stringify(body));

export const status =
  (code: number, headers: Record<string, string> = {}): Reply =>
  (_request, response) =>
    void response
      .writeHead(code, { 'content-type': 'application/fhir+json', ...headers })
      .end('{"resourceType":"OperationOutcome"}');

/** Closes the connection after the request was read. */
export const drop: Reply = (_request, response) => void response.destroy();

/** A searchset of these resources. */
export const page = (resources: readonly object[], next?: string): Reply =>
  json({
    resourceType: 'Bundle',
    type: 'searchset',
    ...(next !== undefined && { link: [{ relation: 'next', url: next }] }),
    entry: resources.map((resource) => ({ resource, search: { mode: 'match' } })),
  });

export const order = (id: string, more: object = {}) => ({
  resourceType: 'MedicationRequest',
  id,
  meta: { versionId: '1' },
  status: 'active',
  subject: { reference: 'Patient/p1' },
  medicationCodeableConcept: { text: `Medicine ${id}` },
  note: [{ text: 'not asked for' }],
  ...more,
});
