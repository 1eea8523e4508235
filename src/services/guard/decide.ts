import type { Action } from '../../model/action.ts'
import type { Decision } from '../../model/verdict.ts'
import { runsInlineCode } from './command.ts'
import { coversName } from './names.ts'
import type { Places } from './path.ts'
import type { Entry, RuleBook } from './rules.ts'
import { isStricter, strictest, type Ruling } from './ruling.ts'
import { contentBytes } from './snapshot.ts'
import type { CheckedTarget } from './specifier.ts'

const APPROVE_HINT = 'Approve it with `planner-exec approve`, or reject it.'

/** The policy's word on an action whose targets are checked: the strictest of its targets, and of the policy's limits. */
export function decide(book: RuleBook, capability: string, args: Action['args'], targets: readonly CheckedTarget[], places: Places): Ruling {
  if (book.enforcement === 'disabled') {
    return {
      decision: 'allow',
      ruleId: `${book.name}:enforcement.disabled`,
      reason: 'the policy is disabled, so only the built-in checks apply',
      hint: null,
    }
  }
  const entries = book.entries.filter((entry) => coversName(entry.capability, capability))
  const [first = null, ...others] = targets
  const judged = others.map((target) => decideTarget(book, entries, capability, target, places))
  return enforce(book, strictest([decideTarget(book, entries, capability, first, places), ...judged, ...limitRulings(book, args)]))
}

/** The mildest word the policy could have on a capability, whatever its arguments turn out to be. */
export function decideAtBest(book: RuleBook, capability: string): Ruling {
  const entries = book.entries.filter((entry) => coversName(entry.capability, capability))
  const fallback = defaultRuling(book, capability)
  if (book.enforcement === 'disabled') return { ...fallback, decision: 'allow' }
  const everyUse = entries.filter((entry) => entry.specifier === null)
  const best =
    find(everyUse, 'deny') ?? find(everyUse, 'ask') ?? find(entries, 'allow') ?? (fallback.decision === 'allow' ? undefined : find(entries, 'ask'))
  return enforce(book, best ? entryRuling(best) : fallback)
}

function decideTarget(book: RuleBook, entries: readonly Entry[], capability: string, target: CheckedTarget | null, places: Places): Ruling {
  // An action without targets is only met by entries that mean every target.
  const grants = (entry: Entry): boolean => (target === null ? entry.specifier === null : entry.grants(target, places))
  const reaches = (entry: Entry): boolean => (target === null ? entry.specifier === null : entry.reaches(target, places))

  const denied = entries.find((entry) => entry.decision === 'deny' && reaches(entry))
  if (denied) return entryRuling(denied)
  const asked = entries.find((entry) => entry.decision === 'ask' && grants(entry))
  if (asked) return entryRuling(asked)
  const allowed = entries.find((entry) => entry.decision === 'allow' && grants(entry))
  const mild = allowed ? entryRuling(allowed) : defaultRuling(book, capability)
  if (mild.decision !== 'allow') return mild
  // Above, an `ask` had to match exactly, since it may lift a default denial; here it takes something away, and reaches further.
  const held = entries.find((entry) => entry.decision === 'ask' && reaches(entry))
  if (held) return entryRuling(held)
  const unseen = target?.kind === 'command' && !allowed?.namesProgram && runsInlineCode(target.argv)
  return unseen
    ? {
        decision: 'ask',
        ruleId: 'builtin:inline-code',
        reason: 'the command carries program text that no rule can look into, and no rule names its program',
        hint: APPROVE_HINT,
      }
    : mild
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
  const [key] = [...book.defaults.keys()].filter((pattern) => coversName(pattern, capability)).sort((a, b) => specificity(b) - specificity(a))
  if (key === undefined) {
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

/** An exact name is more specific than any wildcard, a longer wildcard than a shorter one. */
function specificity(pattern: string): number {
  return pattern.endsWith('*') ? pattern.length : Number.MAX_SAFE_INTEGER
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
function enforce(book: RuleBook, ruling: Ruling): Ruling {
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
