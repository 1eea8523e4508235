import type { Action } from '../../model/action.ts'
import type { Decision } from '../../model/verdict.ts'
import { conditionTester, type Applies, type ConditionTester, type DecisionFacts } from './applies.ts'
import { runsInlineCode } from './command.ts'
import type { Candidates } from './candidates.ts'
import type { Entry } from './entry.ts'
import { matchTarget, type CheckedTarget, type MatchTarget } from './match-target.ts'
import type { Places } from './path.ts'
import type { ByDecision } from './rule-index.ts'
import type { RuleBook } from './rules.ts'
import { isStricter, strictest, type Ruling } from './ruling.ts'
import { contentBytes } from './snapshot.ts'

const APPROVE_HINT = 'Approve it with `planner-exec approve`, or reject it.'

/** The policy's word on an action whose targets are checked: the strictest of its targets, and of the policy's limits. */
export function decide(
  book: RuleBook,
  capability: string,
  args: Action['args'],
  targets: readonly CheckedTarget[],
  places: Places,
  facts: DecisionFacts = {},
): Ruling {
  if (book.enforcement === 'disabled') {
    return {
      decision: 'allow',
      ruleId: `${book.name}:enforcement.disabled`,
      reason: 'the policy is disabled, so only the built-in checks apply',
      hint: null,
    }
  }
  const conditions = conditionTester({ capability, args, targets, places }, facts)
  const matched = targets.map((target) => matchTarget(target, places))
  // Where a command runs, and what it reads, comes with the command: a rule for the command need not name it, a prohibition reaches it.
  const isBeside = (target: MatchTarget): boolean => target.kind === 'path' && matched.some(({ kind }) => kind === 'command')
  const [first = null, ...others] = matched.filter((target) => !isBeside(target))
  const beside = matched.filter(isBeside).flatMap((target) => prohibitionOn(book, capability, target, conditions) ?? [])
  const judged = others.map((target) => decideTarget(book, capability, target, conditions))
  // One by one: a denial that passes must not take along what another target has to be asked about.
  const enforced = (ruling: Ruling): Ruling => enforce(book, ruling)
  return strictest([
    enforced(decideTarget(book, capability, first, conditions)),
    ...[...judged, ...beside, ...limitRulings(book, args)].map(enforced),
  ])
}

/** The mildest word the policy could have on a capability, whatever its arguments turn out to be. */
export function decideAtBest(book: RuleBook, capability: string): Ruling {
  const { entries } = book.rulesOf(capability)
  const fallback = defaultRuling(book, capability)
  if (book.enforcement === 'disabled') return { ...fallback, decision: 'allow' }
  const everyUse = entries.filter((entry) => entry.specifier === null && entry.when === null && entry.unless === null)
  const best =
    find(everyUse, 'deny') ??
    find(everyUse.filter(lifts), 'ask') ??
    find(entries, 'allow') ??
    (fallback.decision === 'allow' ? undefined : find(entries.filter(lifts), 'ask'))
  const mild = best ? entryRuling(best) : fallback
  const held = mild.decision === 'allow' ? find(everyUse, 'ask') : undefined
  return enforce(book, held ? entryRuling(held) : mild)
}

function decideTarget(book: RuleBook, capability: string, target: MatchTarget | null, conditions: ConditionTester): Ruling {
  const rules: ByDecision = book.rulesOf(capability).about[target?.kind ?? 'none']
  const found: Find = (entries, mode) => firstThat(entries, target, mode, conditions)

  const denied = found(rules.deny, 'prohibition')
  if (denied && book.enforcement !== 'permissive') return foundRuling(denied)
  const otherwise = decideUndenied(book, capability, target, rules, found)
  // Where denials pass, what is denied is still asked about as if no rule denied it.
  return denied && otherwise.decision !== 'ask' ? foundRuling(denied) : otherwise
}

/** What prohibits a path that a command goes by; null when nothing does. */
function prohibitionOn(book: RuleBook, capability: string, target: MatchTarget, conditions: ConditionTester): Ruling | null {
  const { deny, ask } = book.rulesOf(capability).about.path
  const found = firstThat(deny, target, 'prohibition', conditions) ?? firstThat(ask, target, 'prohibition', conditions)
  return found && foundRuling(found)
}

/** Whether a rule denies an action of this capability a file that it comes upon by itself; when in doubt it does. */
export function deniesPath(book: RuleBook, capability: string, path: string, places: Places): boolean {
  if (book.enforcement !== 'strict') return false
  const target = matchTarget({ kind: 'path', access: 'read', names: [path] }, places)
  return book
    .rulesOf(capability)
    .about.path.deny.of(target)
    .some((entry) => entry.specifier !== null && entry.reaches(target))
}

type Find = (entries: Candidates, mode: Mode) => Found | null

function decideUndenied(book: RuleBook, capability: string, target: MatchTarget | null, rules: ByDecision, found: Find): Ruling {
  const asked = found(rules.lifting, 'certain grant')
  if (asked) return foundRuling(asked)
  const allowed = found(rules.allow, 'grant')
  const mild = allowed ? foundRuling(allowed) : defaultRuling(book, capability)
  const lifted = mild.decision === 'deny' ? found(rules.lifting, 'grant') : null
  if (lifted) return foundRuling(lifted)
  if (mild.decision !== 'allow') return mild
  if (!allowed && isPrivate(target)) return UNNAMED_HOST
  // Above, an `ask` had to match exactly, since it may lift a default denial; here it takes something away, and reaches further.
  const held = found(rules.ask, 'prohibition')
  if (held) return foundRuling(held)
  const unseen = target?.kind === 'command' && !allowed?.entry.namesProgram && runsInlineCode(target.checked.argv)
  return unseen
    ? {
        decision: 'ask',
        ruleId: 'builtin:inline-code',
        reason: 'the command carries program text that no rule can look into, and no rule names its program',
        hint: APPROVE_HINT,
      }
    : mild
}

interface Found {
  readonly entry: Entry
  readonly applies: Applies
}

/** A prohibition reaches every spelling and holds when in doubt; a grant is exact, and one that is not certain rests on what is still open. */
type Mode = 'prohibition' | 'grant' | 'certain grant'

/** An action without targets is only met by entries that mean every target; these have no specifier to match. */
function firstThat(entries: Candidates, target: MatchTarget | null, mode: Mode, conditions: ConditionTester): Found | null {
  for (const entry of entries.of(target)) {
    if (target !== null && !(mode === 'prohibition' ? entry.reaches(target) : entry.grants(target))) continue
    if (mode === 'grant' && entry.specifier === null && isPrivate(target)) continue
    const applies = conditions.applies(entry, target, mode === 'prohibition' ? mode : 'grant')
    if (counts(applies, mode)) return { entry, applies }
  }
  return null
}

const UNNAMED_HOST: Ruling = {
  decision: 'ask',
  ruleId: 'builtin:private-host',
  reason: 'the host is on this machine or a private network, and no rule names it',
  hint: 'Add a rule that names it, such as http.fetch({127.0.0.1:8080}), or approve the action.',
}

/** What the operator has listed of this machine and the networks around it is granted by name only. */
function isPrivate(target: MatchTarget | null): boolean {
  return target?.kind === 'url' && !target.checked.isPublic
}

function counts(applies: Applies, mode: Mode): boolean {
  if (applies === 'yes') return true
  return mode === 'prohibition' ? typeof applies === 'object' : mode === 'grant' && applies === 'open'
}

function lifts(entry: Entry): boolean {
  return !entry.narrows
}

function foundRuling({ entry, applies }: Found): Ruling {
  const ruling = entryRuling(entry)
  return typeof applies === 'object' ? { ...ruling, reason: `${ruling.reason} (${applies.failed})` } : ruling
}

function limitRulings(book: RuleBook, args: Action['args']): readonly Ruling[] {
  const { max_file_bytes: maxFileBytes, max_timeout_ms: maxTimeoutMs } = book.limits
  const bytes = Math.max(contentBytes(args), ...numbers(args, ['maxBytes', 'max_bytes', 'bytes', 'len', 'length']))
  const timeoutMs = Math.max(0, ...numbers(args, ['timeoutMs', 'timeout_ms']))
  const over = (limit: string, reason: string, hint: string): Ruling => ({ decision: 'deny', ruleId: `${book.name}:limits.${limit}`, reason, hint })
  return [
    ...(bytes > maxFileBytes
      ? [
          over(
            'max_file_bytes',
            `${bytes} bytes are more than the ${maxFileBytes} that the policy allows for a file`,
            'Use less, or raise `limits.max_file_bytes` of the policy.',
          ),
        ]
      : []),
    ...(timeoutMs > maxTimeoutMs
      ? [
          over(
            'max_timeout_ms',
            `a timeout of ${timeoutMs} ms is more than the ${maxTimeoutMs} ms that the policy allows`,
            'Use a shorter timeout, or raise `limits.max_timeout_ms` of the policy.',
          ),
        ]
      : []),
  ]
}

function numbers(args: Action['args'], keys: readonly string[]): readonly number[] {
  return keys.map((key) => args[key]).filter((value) => typeof value === 'number')
}

function defaultRuling(book: RuleBook, capability: string): Ruling {
  const key = book.rulesOf(capability).fallback
  if (key === null) {
    return {
      decision: 'deny',
      ruleId: `${book.name}:defaults`,
      reason: `no rule of the policy covers this use of ${capability}, and what is not covered is denied`,
      hint: DENIED_HINT(book, capability),
    }
  }
  const decision = book.defaults.get(key) ?? 'deny'
  const reason = `no rule of the policy covers this use of ${capability}; its default is ${decision}`
  return { decision, ruleId: `${book.name}:defaults.${key}`, reason, hint: hintFor(decision, book, capability) }
}

function entryRuling(entry: Entry): Ruling {
  const hint = { allow: null, ask: APPROVE_HINT, deny: 'Change the action, or use a policy without this rule.' }[entry.decision]
  return { decision: entry.decision, ruleId: entry.ruleId, reason: entry.reason ?? `${WORD[entry.decision]} by "${entry.text}"`, hint }
}

const WORD: Record<Decision, string> = { allow: 'allowed', ask: 'asked about', deny: 'denied' }
const DENIED_HINT = (book: RuleBook, capability: string): string => `Add a rule for ${capability} to the policy ${book.name}, or do without it.`

function hintFor(decision: Decision, book: RuleBook, capability: string): string | null {
  return { allow: null, ask: APPROVE_HINT, deny: DENIED_HINT(book, capability) }[decision]
}

function find(entries: readonly Entry[], decision: Decision): Entry | undefined {
  return entries.find((entry) => entry.decision === decision)
}

/** `permissive` lets denials pass, `monitor` questions too; both say so, in the reason and in the rule's name. */
export function enforce(book: RuleBook, ruling: Ruling): Ruling {
  const level = book.enforcement
  const lifted = level === 'monitor' ? isStricter(ruling.decision, 'allow') : level === 'permissive' && ruling.decision === 'deny'
  if (!lifted) return ruling
  return {
    decision: 'allow',
    ruleId: `${ruling.ruleId}@${level}`,
    reason: `${level}: would be ${WORD[ruling.decision]}: ${ruling.reason}`,
    hint: null,
  }
}
