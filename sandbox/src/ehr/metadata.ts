/** What the server says about itself without a token. */
import { resourceTypes } from './resource-types.js';

/** SMART App Launch 2.2, `.well-known/smart-configuration`. */
export function smartConfiguration(tokenUrl: string) {
  return {
    token_endpoint: tokenUrl,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
    scopes_supported: ['system/*.crus'],
    capabilities: ['client-confidential-asymmetric', 'permission-v2'],
    code_challenge_methods_supported: ['S256'],
  };
}

const everything = {
  name: 'everything',
  definition: 'http://hl7.org/fhir/OperationDefinition/Patient-everything',
  documentation: 'By GET, with _count and _type. Refused when the scopes of the token leave out any of it.',
};

/** R4 CapabilityStatement, made from the same table that searches are checked against. */
export function capabilityStatement(url: string) {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2026-01-01',
    kind: 'instance',
    fhirVersion: '4.0.1',
    format: ['application/fhir+json'],
    implementation: { description: 'Sandbox EHR with synthetic people', url },
    rest: [
      {
        mode: 'server',
        security: {
          service: [
            {
              coding: [
                { system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'SMART-on-FHIR' },
              ],
            },
          ],
        },
        interaction: [{ code: 'transaction' }],
        resource: [...resourceTypes].map(([type, { params }]) => ({
          type,
          interaction: ['read', 'vread', 'history-instance', 'search-type', 'create', 'update'].map((code) => ({
            code,
          })),
          versioning: 'versioned-update',
          readHistory: true,
          updateCreate: false,
          conditionalCreate: true,
          searchParam: Object.entries(params).map(([name, { kind, definition }]) => ({
            name,
            type: kind,
            ...(definition !== undefined && { definition }),
          })),
          ...(type === 'Patient' && { operation: [everything] }),
        })),
      },
    ],
  };
}
