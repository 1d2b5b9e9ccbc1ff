/** Rules that do not do what they seem to. They are not wrong, so the policy loads; their author should look again. */
import type { Path } from '../rulebook/problem.js';
import { compatible, coveredBy, implies, negated, withinScope } from './conditions.js';
import type { Attribute, CompiledPolicy, Condition, CoreRule } from './core.js';
import { denyForm } from './deny-form.js';
import type { PolicyParts, Sourced } from './parts.js';
import { spokenAttributes } from './spoken.js';

export interface PolicyWarning {
  /** Of {@link Sourced}. */
  readonly layer: number;
  readonly path: Path;
  readonly message: string;
  /** YAML of the rule that does what this one only seems to do. */
  readonly paste?: string;
}

/** A rule of one verb. Those of another verb or phase never cover it, and are not asked. */
interface Single extends CoreRule {
  readonly scope: string;
}

/** What was written in one place, as rules of one verb each: one of them may be idle while another is not. */
interface Written {
  readonly source: Sourced;
  readonly rules: readonly Single[];
  readonly byScope: ReadonlyMap<string, readonly Single[]>;
}

function likeIn({ byScope }: Written, { scope }: Single): readonly Single[] {
  return byScope.get(scope) ?? [];
}

/**
 * At most one for each rule and cell, in the order in which they were written.
 *
 * @param words of the compiled policy.
 */
export function warningsOf(parts: PolicyParts, words: CompiledPolicy['words']): PolicyWarning[] {
  const tables = [parts.rules, parts.roles ?? [], parts.agents ?? []].map(writtenIn);
  const all = tables.flat();
  const denies = all.filter(({ source }) => source.rule.effect === 'deny');
  return tables.flatMap((table, number) =>
    table.flatMap((written): PolicyWarning[] => {
      const { effect } = written.source.rule;
      const equals = effect === 'deny' ? denies : table.filter(({ source }) => source.rule.effect === 'allow');
      const found =
        (effect === 'allow' ? whyNever(written, denies, number === 0 ? parts : undefined) : whyAlways(written)) ??
        (number === 0 && effect === 'allow' ? ineffective(written, equals, { denies, words }) : undefined) ??
        needless(written, equals, all.slice(0, all.indexOf(written)));
      const { layer, path } = written.source;
      return found === undefined ? [] : [{ layer, path, ...found }];
    }),
  );
}

type Found = Pick<PolicyWarning, 'message' | 'paste'>;

function writtenIn(parts: readonly Sourced[]): Written[] {
  const places = new Map<string, Pick<Written, 'source' | 'rules'>>();
  for (const source of parts) {
    const place = [source.layer, ...source.path].join('/');
    const before = places.get(place);
    const rules = [...source.rule.verbs].map((verb): Single => {
      return { ...source.rule, verbs: new Set([verb]), scope: `${verb} ${source.rule.phase}` };
    });
    places.set(place, { source: before?.source ?? source, rules: [...(before?.rules ?? []), ...rules] });
  }
  return Array.from(places.values(), ({ source, rules }) => ({ source, rules, byScope: groupedByScope(rules) }));
}

function groupedByScope(rules: readonly Single[]): Map<string, readonly Single[]> {
  const groups = new Map<string, readonly Single[]>();
  for (const rule of rules) groups.set(rule.scope, [...(groups.get(rule.scope) ?? []), rule]);
  return groups;
}

/** Why no request can ever meet this grant, if so. */
function whyNever(
  { rules, source }: Written,
  denies: readonly Written[],
  tables: PolicyParts | undefined,
): Found | undefined {
  const reasons = rules.map((rule) => {
    if (tooEarly(rule)) return 'nobody knows before the output whether it will hold PHI';
    if (rule.elements !== 'any' && rule.elements.size === 0) return 'its resource holds no element';
    if (rule.conditions.some((one) => rule.conditions.some((other) => !compatible(one, other))))
      return 'its conditions exclude each other';
    const deny = denies.find((each) => likeIn(each, rule).some((denying) => coveredBy(rule, denying)));
    if (deny !== undefined) return `"${deny.source.rule.id}" denies all of it`;
    return shutTable(rule, tables);
  });
  const [reason] = reasons;
  if (reason === undefined || reasons.includes(undefined)) return undefined;
  return { message: `"${source.rule.id}" never allows anything: ${reason}` };
}

/** The table that gives no role, or no agent, anything of what this rule would allow. */
function shutTable(rule: CoreRule, tables: PolicyParts | undefined): string | undefined {
  if (tables === undefined || rule.phase === 'output') return undefined;
  const shut = (['roles', 'agents'] as const).find(
    (name) => tables[name]?.some((cell) => cell.rule.effect === 'allow' && overlap(rule, cell.rule)) === false,
  );
  return shut && `no table of ${shut} gives any of it`;
}

function overlap(rule: CoreRule, cell: CoreRule): boolean {
  const shared = (elements: ReadonlySet<string>) =>
    cell.elements === 'any' || [...elements].some((element) => cell.elements !== 'any' && cell.elements.has(element));
  return (
    [...rule.verbs].some((verb) => cell.verbs.has(verb)) &&
    (rule.elements === 'any' || shared(rule.elements)) &&
    rule.conditions.every((one) => cell.conditions.every((other) => compatible(one, other)))
  );
}

/** A deny that asks what nobody knows yet always holds. */
function whyAlways({ rules, source }: Written): Found | undefined {
  if (!rules.every(tooEarly)) return undefined;
  return {
    message: `"${source.rule.id}" denies with and without PHI: nobody knows before the output whether it will hold any`,
  };
}

function tooEarly({ phase, conditions }: CoreRule): boolean {
  return phase === 'before' && conditions.some(({ attribute }) => attribute === 'containsPhi');
}

/** Who and when: whoever asks for these means to restrict. What for and where to tells grants apart. */
const restricting: ReadonlySet<Attribute> = new Set<Attribute>(['timeWindows', 'precededBy', 'onCall']);

/** A grant that asks for more than another one beside it: what it asks for keeps nobody out. */
function ineffective(
  { rules, source }: Written,
  grants: readonly Written[],
  { denies, words }: { readonly denies: readonly Written[]; readonly words: CompiledPolicy['words'] },
): Found | undefined {
  for (const other of grants) {
    if (other.source === source) continue;
    for (const rule of rules)
      for (const wider of likeIn(other, rule)) {
        const idle = idleBeside(rule, wider);
        if (idle.length === 0 || closed(rule, wider, { idle, denies, words })) continue;
        const keys = [...new Set(idle.map(({ attribute }) => spokenAttributes[attribute]))].sort().join(', ');
        return {
          message: `"${rule.id}" restricts nothing: "${wider.id}" allows the same without ${keys}`,
          ...(source.said && { paste: denyForm(rule.id, source.said) }),
        };
      }
  }
  return undefined;
}

/** Conditions of this grant that the other one passes by, where it was meant to stand in the way. */
function idleBeside(rule: CoreRule, wider: CoreRule): Condition[] {
  if (!rule.conditions.every((one) => wider.conditions.every((other) => compatible(one, other)))) return [];
  const idle = rule.conditions.filter((asked) => !wider.conditions.some((given) => implies(given, asked)));
  const meant = idle.some(({ attribute }) => restricting.has(attribute)) && withinScope(rule, wider);
  return meant || (idle.length > 0 && coveredBy(rule, wider)) ? idle : [];
}

/** Denies see to it already: whoever passes by one of these conditions meets one. */
function closed(
  rule: Single,
  wider: CoreRule,
  { idle, denies, words }: { idle: readonly Condition[]; denies: readonly Written[]; words: CompiledPolicy['words'] },
): boolean {
  const others = [...rule.conditions.filter((condition) => !idle.includes(condition)), ...wider.conditions];
  return idle.every((condition) => {
    const passing = { ...rule, conditions: [...others, negated(condition, words)] };
    return denies.some((deny) => likeIn(deny, passing).some((denying) => coveredBy(passing, denying)));
  });
}

/** Wholly covered by others; of two that cover each other, the later one is needless. */
function needless(written: Written, equals: readonly Written[], earlier: readonly Written[]): Found | undefined {
  const others = equals.filter(
    (other) => other.source !== written.source && (earlier.includes(other) || !coversAll(written, other)),
  );
  const covering = written.rules.map((rule) => others.find((other) => coversOne(other, rule))?.source.rule.id);
  if (covering.includes(undefined)) return undefined;
  const names = [...new Set(covering)].map((id) => `"${id}"`);
  const { id, effect } = written.source.rule;
  const [one, several] = effect === 'allow' ? ['allows', 'allow'] : ['denies', 'deny'];
  const verb = names.length === 1 ? one : several;
  return { message: `"${id}" adds nothing: ${names.join(' and ')} ${verb} all of it` };
}

function coversAll(wide: Written, { rules }: Written): boolean {
  return rules.every((rule) => coversOne(wide, rule));
}

/** With every duty that the rule brings. */
function coversOne(written: Written, narrow: Single): boolean {
  return likeIn(written, narrow).some(
    (wide) => coveredBy(narrow, wide) && narrow.obligations.every((duty) => wide.obligations.includes(duty)),
  );
}
