import type { Action } from '../../../model/action.ts'
import { baseName, type CheckedTarget, type MatchTarget } from '../match-target.ts'
import { isWithin, type CheckedPath, type Places } from '../path.ts'
import type { CheckedUrl } from '../url.ts'
import { commandFacts } from '../shell/facts.ts'
import type { Bindings } from './engine.ts'

type Value = NonNullable<Bindings[string]> | null

/** What is the same for all targets of one action. */
export interface ActionFacts {
  /** Without version. */
  readonly capability: string
  readonly args: Action['args']
  readonly targets: readonly CheckedTarget[]
  readonly places: Places
  /** Where the values of the arguments came from. */
  readonly taint: readonly string[]
  /** Absent when it is not known: a condition that asks for it then fails. */
  readonly risk?: string | undefined
}

/**
 * The variables of a condition, one set for each name of the target. Each is worked out when the first condition asks for it. What the
 * target does not have is missing, and a condition that reads it fails.
 */
export function bindingsOf(action: ActionFacts, target: MatchTarget | null): readonly Bindings[] {
  const shared = share(action)
  if (target === null || target.kind !== 'path') return [bind(shared, target?.checked ?? null, '')]
  return target.checked.names.map((name) => bind(shared, target.checked, name))
}

/** An action with what is worked out of it once. */
interface Shared {
  readonly action: ActionFacts
  readonly args: () => Value
  readonly command: (argv: readonly string[]) => Value
  /** The only target of a kind, which a condition about another target of the action can ask for too. */
  readonly only: (kind: CheckedTarget['kind']) => CheckedTarget | undefined
}

function share(action: ActionFacts): Shared {
  let args: Value | undefined
  const commands = new Map<readonly string[], Value>()
  return {
    action,
    args: () => (args ??= new Map<string, Value>(Object.entries(action.args))),
    command: (argv) => {
      const known = commands.get(argv) ?? commandOf(argv)
      commands.set(argv, known)
      return known
    },
    only: (kind) => {
      const [first, ...others] = action.targets.filter((target) => target.kind === kind)
      return others.length === 0 ? first : undefined
    },
  }
}

function bind(shared: Shared, target: CheckedTarget | null, name: string): Bindings {
  const { capability, places, taint } = shared.action
  let path: Value | undefined
  return {
    capability,
    workspace: places.workspace,
    home: places.home,
    kind: target?.kind ?? 'none',
    taint,
    get risk() {
      return shared.action.risk
    },
    get args() {
      return shared.args()
    },
    get path() {
      return target?.kind === 'path' ? (path ??= pathOf(target, name, places)) : undefined
    },
    get command() {
      const about = target?.kind === 'command' ? target : shared.only('command')
      return about?.kind === 'command' ? shared.command(about.argv) : undefined
    },
    get url() {
      const about = target?.kind === 'url' ? target : shared.only('url')
      return about?.kind === 'url' ? urlOf(about, shared.action.args['method']) : undefined
    },
  }
}

function pathOf({ access }: CheckedPath, name: string, places: Places): Value {
  return new Map([
    ['text', textOf(name, places.workspace)],
    ['absolute', name],
    ['access', access],
  ])
}

function urlOf({ scheme, host, port, path, hasQuery }: CheckedUrl, method: unknown): Value {
  return new Map<string, string | bigint | boolean>([
    ['scheme', scheme],
    ['host', host],
    ['port', BigInt(port)],
    ['path', path],
    ['has_query', hasQuery],
    ['method', typeof method === 'string' ? method.toUpperCase() : 'GET'],
  ])
}

function mapOf(fields: Readonly<Record<string, Value>>): Value {
  return new Map(Object.entries(fields))
}

function textOf(path: string, workspace: string): string {
  if (path === workspace) return '.'
  return isWithin(workspace, path) ? path.slice(workspace.length).replace(/^\//, '') : path
}

function commandOf(argv: readonly string[]): Value {
  const { readOnly, dynamic, recursive, programs, reads, writes } = commandFacts(argv)
  return mapOf({ argv, program: baseName(argv[0] ?? ''), read_only: readOnly, dynamic, recursive, programs, reads, writes })
}
