import { quote } from '../quote.ts'
import type { ArgumentContext, InspectedArguments } from './arguments.ts'
import { atomsOf } from './atoms.ts'
import type { Finding } from './findings.ts'
import { isPayload } from './payload.ts'
import type { Deviation, PinMatch } from './pins.ts'
import { shapeOf, type Shape } from './shape.ts'
import { isAskedFor, isGrave, sharesWord, type AskedChanges } from './verbs.ts'

interface Effect {
  readonly tool: string
  readonly args: Readonly<Record<string, unknown>>
}

const DECIDING: ReadonlySet<Shape> = new Set(['identifier', 'key', 'name'])

/** Whether the plan has this effect, this often, with these arguments. What it lacks may still be all in the goal's own words. */
export function holdAgainstPlan(
  call: Effect,
  context: ArgumentContext,
  match: PinMatch,
  asked: AskedChanges,
  inspected: InspectedArguments,
): readonly Finding[] {
  switch (match.kind) {
    case 'again':
      return []
    case 'planned':
      if (context.settings.pin !== 'arguments') return []
      return match.deviations
        .filter((deviation) => !isAnotherOfTheGoal(deviation, context))
        .map(({ argument, planned, actual }) =>
          unplanned(context, 'deviates', `the plan fixed ${quote(argument)} as ${quote(text(planned))}, and it is ${quote(text(actual))}`),
        )
    case 'beyond':
      if (asked.many || (inspected.findings.length === 0 && isStatedByGoal(call, context, asked))) return []
      return [unplanned(context, 'beyond-plan', `the plan calls ${quote(call.tool)}, but less often`)]
    case 'unplanned':
      return isStatedByGoal(call, context, asked) && inspected.findings.length === 0
        ? []
        : [unplanned(context, 'unplanned', `the plan, made before anything was read, does not call ${quote(call.tool)}`)]
  }
}

/** Without a plan: whether the goal asks for an effect of this kind. A tool whose name says no kind is held against what its arguments are only. */
export function holdAgainstGoal(call: Effect, context: ArgumentContext, asked: AskedChanges, inspected: InspectedArguments): readonly Finding[] {
  const isAsked = isAskedFor(call.tool, asked)
  if (isAsked === true) return []
  if (inspected.findings.length === 0) {
    const isNamed = namesTargets(call, context)
    if (isAsked === false && isNamed && !isGrave(call.tool, asked)) return []
    if (isAsked === null && (isNamed || (asked.groups.size > 0 && (!context.namesSpeak || sharesWord(call.tool, asked))))) return []
  }
  return [unplanned(context, 'unasked', `the goal does not ask for what ${quote(call.tool)} does, and something untrusted was read before`)]
}

/** The plan may have fixed one of several that the goal names, and this is another of them. */
function isAnotherOfTheGoal({ argument, actual }: Deviation, { isSaid }: ArgumentContext): boolean {
  const { atoms } = atomsOf(actual)
  return !isPayload(argument) && atoms.length > 0 && atoms.every(({ value }) => DECIDING.has(shapeOf(value)) && isSaid(String(value)))
}

/** Whether the goal itself says all that decides where an effect goes; the words of a message may be the model's own. */
function isStatedByGoal(call: Effect, context: ArgumentContext, asked: AskedChanges): boolean {
  return isAskedFor(call.tool, asked) !== false && namesTargets(call, context)
}

function namesTargets({ args }: Effect, { isSaid }: ArgumentContext): boolean {
  const deciding = atomsOf(args).atoms.filter(({ path, value }) => DECIDING.has(shapeOf(value)) && !(shapeOf(value) === 'name' && isPayload(path)))
  // Where nothing else decides, a whole number is likely the number of something.
  const targets = deciding.length > 0 ? deciding : atomsOf(args).atoms.filter(({ value }) => Number.isInteger(value))
  return targets.length > 0 && targets.every(({ value }) => isSaid(String(value)))
}

function unplanned({ settings }: ArgumentContext, what: string, reason: string): Finding {
  return {
    decision: settings.unplanned,
    ruleId: `trajectory.${what}`,
    reason,
    hint: 'Replan with it, ask for it in the goal, or let a person confirm it.',
    taint: [],
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
