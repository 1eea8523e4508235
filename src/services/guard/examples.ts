import { resolve } from 'node:path'
import type { PolicyExample, PolicyRule } from '../../model/policy.ts'
import { conditionTester, type Applies } from './applies.ts'
import { checkCommand } from './command.ts'
import type { Entry, PolicyProblem } from './entry.ts'
import { matchTarget, type CheckedTarget } from './match-target.ts'
import { coversName } from './names.ts'
import type { Places } from './path.ts'
import { quote } from './quote.ts'
import { checkUrl } from './url.ts'

type Args = Extract<PolicyExample, { args: unknown }>['args']

/** A place that examples are about, so that they mean the same on every machine; nothing in it is looked at. */
const PLACES: Places = { workspace: '/workspace', workspaceAlias: '/workspace', stateDir: '/workspace/.planner-exec', home: '/home/user' }
/** What a rule for several capabilities is tried as. */
const USUAL = {
  command: ['shell.exec'],
  url: ['http.fetch', 'http.send'],
  path: ['fs.read', 'fs.write', 'git.log', 'analysis.inventory'],
  none: [],
} as const

interface Case {
  readonly capability: string
  readonly args: Args
  readonly target: CheckedTarget | null
}

/** Tries a rule, by itself, on its examples. Paths are problems below `examples`. */
export function exampleProblems(rule: PolicyRule, entries: readonly Entry[]): readonly PolicyProblem[] {
  const { match = [], not_match: notMatch = [] } = rule.examples ?? {}
  return [
    ...match.flatMap((example, index) => tryExample(entries, example, true, ['match', index])),
    ...notMatch.flatMap((example, index) => tryExample(entries, example, false, ['not_match', index])),
  ]
}

function tryExample(entries: readonly Entry[], example: PolicyExample, expected: boolean, path: PolicyProblem['path']): readonly PolicyProblem[] {
  const read = readExample(entries, example)
  if (typeof read === 'string') return [{ path, message: read }]
  const shown = quote(JSON.stringify(example))
  const tried = entries.map((entry) => applies(entry, read))
  const failed = tried.find((one) => typeof one === 'object')
  if (tried.includes('yes') === expected && (expected || !failed)) return []
  if (failed) return [{ path, message: `${shown}: ${failed.failed}; correct the condition, or give the example the arguments it needs` }]
  return [
    {
      path,
      message: expected
        ? `${shown} is an example of what the rule applies to, but it does not apply; correct the rule or the example`
        : `${shown} is an example of what the rule does not apply to, but it applies; narrow the rule or correct the example`,
    },
  ]
}

function applies(entry: Entry, { capability, args, target }: Case): Applies {
  if (!coversName(entry.capability, capability)) return 'no'
  const mode = entry.decision === 'allow' ? 'grant' : 'prohibition'
  const held = target === null ? null : matchTarget(target, PLACES)
  if (held === null ? entry.specifier !== null : mode === 'grant' ? !entry.grants(held) : !entry.reaches(held)) return 'no'
  return conditionTester({ capability, args, targets: target === null ? [] : [target], places: PLACES }, {}).applies(entry, held, mode)
}

function readExample(entries: readonly Entry[], example: PolicyExample): Case | string {
  if (typeof example === 'string') return example.includes('://') ? caseOf(entries, { url: example }) : caseOf(entries, { path: example })
  return Array.isArray(example) ? caseOf(entries, { argv: example }) : caseOf(entries, example.args, example.capability)
}

function caseOf(entries: readonly Entry[], args: Args, named?: string): Case | string {
  const target = targetOf(args)
  if (typeof target === 'string') return target
  const capability = named ?? capabilityFor(entries, target)
  if (target?.kind !== 'path') return { capability, args, target }
  return { capability, args, target: { ...target, access: /\.(?:write|delete|move|copy)$/.test(capability) ? 'write' : 'read' } }
}

/** The target that arguments of this shape have; a string is why there is none. */
function targetOf(args: Args): CheckedTarget | null | string {
  const { argv, url, path } = args
  if (Array.isArray(argv)) return checkedOr(checkCommand(argv.map(String)))
  if (typeof url === 'string') return checkedOr(checkUrl(url))
  return typeof path === 'string' ? { kind: 'path', access: 'read', names: [resolve(PLACES.workspace, path)] } : null
}

function checkedOr(checked: CheckedTarget | { readonly reason: string }): CheckedTarget | string {
  return 'kind' in checked ? checked : `the built-in checks refuse it before any rule: ${checked.reason}`
}

function capabilityFor(entries: readonly Entry[], target: CheckedTarget | null): string {
  const exact = entries.find((entry) => !entry.capability.endsWith('*'))
  if (exact) return exact.capability
  const usual: readonly string[] = USUAL[target?.kind ?? 'none']
  return usual.find((name) => entries.some((entry) => coversName(entry.capability, name))) ?? entries[0]?.capability.replace(/\*$/, 'example') ?? ''
}
