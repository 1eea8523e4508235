import type { Action, Target } from '../../model/action.ts'
import { valueAt } from '../../model/reference.ts'
import type { TrajectorySettings } from '../../model/trajectory.ts'
import type { Taint } from '../../model/verdict.ts'
import type { CapabilityDefinition } from '../executor/executor.ts'
import type { Provenance } from './guard.ts'
import { quote } from './quote.ts'
import type { Ruling } from './ruling.ts'

const HINT = 'Look where the value comes from, then approve it; or plan the step before anything is read.'
const MAX_SHOWN = 3

/**
 * What the way an action came about says against it: null when nothing. A step that was planned after the run had read something needs a person
 * when it may change anything, and so does a value that came out of what was read where it can do harm: in what leaves the machine, in a
 * command, and in the name of what is changed. Asking for an address carries data out, too.
 */
export function judgeProvenance(
  definition: Pick<CapabilityDefinition, 'name' | 'effect'>,
  args: Action['args'],
  targets: readonly Target[],
  { pinned, taint }: Provenance,
  settings: TrajectorySettings,
): Ruling | null {
  const reachesOut = definition.effect === 'external' || targets.some(({ kind }) => kind !== 'path')
  if (!pinned && settings.pin !== 'off' && (reachesOut || definition.effect !== 'read')) {
    const reason = `this ${definition.name} was planned after the run had read what nobody vouches for`
    return { decision: settings.unplanned, ruleId: 'builtin:unpinned', reason, hint: 'Approve it, or sign the plan.' }
  }
  const carriesOut = reachesOut && (settings.taint === 'everything' || definition.effect !== 'read')
  const harmful = taint.filter((one) => carriesOut || (definition.effect !== 'read' && namesTarget(valueAt(args, one.path.split('.')), targets)))
  if (harmful.length === 0 || settings.taint === 'off') return null
  const shown = harmful.slice(0, MAX_SHOWN).map(({ path, source, from }) => `${quote(path)} comes from ${WORDS[source]} (${quote(from)})`)
  const more = harmful.length > MAX_SHOWN ? `; and ${harmful.length - MAX_SHOWN} more` : ''
  return { decision: settings.tainted, ruleId: 'builtin:taint', reason: `${shown.join('; ')}${more}`, hint: HINT }
}

const WORDS: Readonly<Record<Taint['source'], string>> = {
  goal: 'the goal',
  plan: 'the plan',
  person: 'a person',
  file: 'a file that was read',
  web: 'a page that was fetched',
  tool: "a tool's output",
}

/**
 * A change of the workspace may carry any content; which file it is must not be chosen by what was read. Of a capability that does not say
 * what it touches, and of a value that cannot be found again, the worst is assumed.
 */
function namesTarget(value: unknown, targets: readonly Target[]): boolean {
  if (targets.length === 0 || value === undefined) return true
  return textsIn(value).some((text) => targets.some((target) => target.kind === 'path' && target.access === 'write' && target.path.includes(text)))
}

/** A whole output, or a list of it, may stand in an argument. Its depth is bounded with that of the arguments. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [String(value)]
  return Object.entries(value).flatMap(([key, part]) => (Array.isArray(value) ? textsIn(part) : [key, ...textsIn(part)]))
}
