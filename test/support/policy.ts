import type { Digest } from '../../src/action/ids.js';
import { compilePolicy } from '../../src/policy/compile.js';
import type { CompiledPolicy, PolicyDecision, PolicyRequest } from '../../src/policy/core.js';
import { decide } from '../../src/policy/decide.js';
import { policySchema } from '../../src/policy/document.js';
import type { PolicyWorld } from '../../src/policy/lexicon.js';
import { worldOf } from '../../src/rulebook/build.js';
import { RulebookError } from '../../src/rulebook/problem.js';
import { readYaml } from '../../src/rulebook/yaml.js';
import { testRulebook } from './rulebook.js';

/** A read for treatment that has everything going for it. */
export const treatmentRead: PolicyRequest = {
  verb: 'read',
  phase: 'before',
  elements: ['current_medications'],
  purpose: 'TREAT',
  destination: 'treatment',
  agentRole: 'triage',
  principalRoles: ['clinical_staff', 'clinician'],
  timeWindows: [],
  precededBy: [],
  namesPatient: true,
  related: true,
  onCall: false,
};

/** The YAML of a policy with these rules, each a line, in the vocabulary that ships. */
export function policyText(rules: readonly string[], more = ''): string {
  return `version: '1.0'\nname: Test\n${more}rules:\n${rules.map((rule) => `  - ${rule}\n`).join('')}`;
}

export type Answer = (change?: Partial<PolicyRequest>) => PolicyDecision;

/** What the shipped rulebook lets a policy speak about; made when it is first asked for. */
export function shippedWorld(): World {
  if (world === undefined) {
    const { content, digest } = testRulebook();
    world = { rulebook: digest, ...worldOf(content) };
  }
  return world;
}
type World = PolicyWorld & { readonly rulebook: Digest };
let world: World | undefined;

/** A policy alone, compiled in the world of the rulebook that ships: a twentieth of the time that a rulebook takes. */
export function compiled(text: string): CompiledPolicy {
  const document = policySchema.parse(readYaml('policy.yaml', text).data);
  return compilePolicy(document, shippedWorld(), ({ message }) => {
    throw new Error(message);
  });
}

/** Asks a policy of these rules for {@link treatmentRead}, some of it changed. */
export function answersOf(rules: readonly string[], more = ''): Answer {
  const policy = compiled(policyText(rules, more));
  return (change = {}) => decide(policy, { ...treatmentRead, ...change });
}

/** What is wrong with these files, readably; empty when nothing is. */
export function complaints(files: Readonly<Record<string, string>>): string[] {
  try {
    testRulebook(files);
    return [];
  } catch (error) {
    if (!(error instanceof RulebookError)) throw error;
    return error.message.split('\n');
  }
}
