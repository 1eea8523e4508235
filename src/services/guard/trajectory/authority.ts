import { quote } from '../quote.ts'
import type { ArgumentContext, InspectedArguments } from './arguments.ts'
import { atomsOf } from './atoms.ts'
import type { Finding } from './findings.ts'
import type { PinMatch } from './pins.ts'
import { shapeOf } from './shape.ts'
import { isAskedFor, type AskedChanges } from './verbs.ts'

interface Effect {
  readonly tool: string
  readonly args: Readonly<Record<string, unknown>>
}

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
      return match.deviations.map(({ argument, planned, actual }) =>
        unplanned(context, 'deviates', `the plan fixed ${quote(argument)} as ${quote(text(planned))}, and it is ${quote(text(actual))}`),
      )
    case 'beyond':
      if (process.env.B === '1' && inspected.findings.length === 0) return []
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
  if (isAsked === null && inspected.findings.length === 0 && (asked.groups.size > 0 || isStatedByGoal(call, context, asked))) return []
  return [unplanned(context, 'unasked', `the goal does not ask for what ${quote(call.tool)} does, and something untrusted was read before`)]
}

/** Whether the goal itself says all that decides where an effect goes; the words of a message may be the model's own. */
function isStatedByGoal({ tool, args }: Effect, { isSaid }: ArgumentContext, asked: AskedChanges): boolean {
  if (isAskedFor(tool, asked) === false) return false
  const deciding = atomsOf(args).atoms.filter(({ value }) => ['identifier', 'key', 'name'].includes(shapeOf(value)))
  return deciding.length > 0 && deciding.every(({ value }) => isSaid(String(value)))
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
