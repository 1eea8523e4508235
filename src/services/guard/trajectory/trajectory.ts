import type { Source } from '../../../model/verdict.ts'
import type { TrajectorySettings } from '../../../model/trajectory.ts'
import { refusal, strictest, type Ruling } from '../ruling.ts'
import { inspectArguments, type ArgumentContext, type InspectedArguments } from './arguments.ts'
import { atomsOf } from './atoms.ts'
import { holdAgainstGoal, holdAgainstPlan } from './authority.ts'
import type { TaintedValue } from './findings.ts'
import { fold, squeeze } from './fold.ts'
import { createObservations } from './observations.ts'
import { createPins, type PinnedCall } from './pins.ts'
import { inspectRead, onlyAsks } from './reads.ts'
import { isLink } from './shape.ts'
import { readStatement } from './stated.ts'
import { askedChanges, sharesWord, stemOf } from './verbs.ts'

/** What a call does: `read` changes nothing, `write` changes something here, `sink` takes data elsewhere or changes something there. */
export type ToolKind = 'read' | 'write' | 'sink'

export interface ToolSpec {
  readonly name: string
  readonly kind: ToolKind
}

export interface ToolCall {
  readonly tool: string
  readonly args: Readonly<Record<string, unknown>>
  /**
   * Dotted paths of arguments whose value the plan itself directs there, by a reference to an earlier output. Such a flow was chosen before
   * anything was read: it is reported as taint, and counts as planned.
   */
  readonly directed?: readonly string[] | undefined
}

export interface ToolResult {
  readonly tool: string
  readonly output: unknown
  /** What kind of thing was read, `tool` unless given. Of a file or a page no line counts as a record's field. An answer of a person is trusted. */
  readonly source?: Source | undefined
}

export interface TrajectoryRuling extends Ruling {
  /** Arguments whose values were read somewhere, harmless ones too. */
  readonly taint: readonly TaintedValue[]
}

/** A run as the guard sees it: what was wanted, what was planned, what was read, and what is about to be done with it. */
export interface Trajectory {
  /** Says what a call would be, and changes nothing. Its cost does not grow with what was read before. */
  judge(call: ToolCall): TrajectoryRuling
  /** The call happens: it uses up its place in the plan. */
  called(call: ToolCall): void
  /** A person let this very call pass: it happens, and its values count as said by a person from now on. */
  confirmed(call: ToolCall): void
  /** What a call returned, at any time and in any order. */
  observed(result: ToolResult): void
  /** A message. What a person says counts as the goal does; what a model says is not looked at. */
  said(message: { readonly role: string; readonly text: string }): void
}

export interface TrajectoryOptions {
  readonly goal: string
  /** Null, or empty, when nothing was pinned. */
  readonly plan: readonly PinnedCall[] | null
  /** A tool that is not listed counts as a sink. */
  readonly tools: readonly ToolSpec[]
  readonly settings: TrajectorySettings
}

const PERSON = new Set(['user', 'person', 'human'])
/** Values of the model's own that are remembered, so that an answer which repeats one does not make it the answer's. */
const MAX_OWN_VALUES = 10_000

/** Follows one run. It holds an index of what was read, of bounded size, and does nothing by itself. */
export function createTrajectory({ goal, plan, tools, settings }: TrajectoryOptions): Trajectory {
  const kinds = new Map(tools.map(({ name, kind }) => [name, kind]))
  const observations = createObservations()
  const pins = settings.pin === 'off' || plan === null || plan.length === 0 ? null : createPins(plan, observations.trace)
  const asked = askedChanges(goal)
  const namesSpeak = tools.some(({ name }) => sharesWord(name, asked))
  const statements = [readStatement(goal)]
  const trusted = new Set((plan ?? []).flatMap(({ args }) => foldedValues(args)))
  const own = new Set<string>()
  const visited = new Set<string>()
  const asks = new Map<string, readonly string[]>()
  const goalWords = readStatement(goal).words
  const goalStems = new Set([...goalWords].map(stemOf))

  const isSaid = (value: string): boolean => statements.some((statement) => statement.states(value))
  const states = (value: string): boolean => trusted.has(fold(value)) || own.has(fold(value)) || isSaid(value)

  const inspect = (call: ToolCall): InspectedArguments => {
    const match = pins?.match(call.tool, call.args) ?? null
    // A goal for several of something repeats what is planned for one.
    const place = match?.kind === 'planned' || (match?.kind === 'beyond' && asked.many) ? match : null
    const fixed = place !== null && settings.pin === 'arguments' ? place.fixed : new Set<string>()
    const isPlanned = place !== null && place.deviations.length === 0
    const context: ArgumentContext = {
      observations,
      states,
      isSaid,
      settings,
      goalWords,
      goalStems,
      fixed,
      isPlanned,
      keeps: isPlanned && [...fixed].some((argument) => Object.hasOwn(call.args, argument)),
      isPinned: match !== null,
      namesSpeak,
      namesMany: isPlanned && asked.many,
      directed: new Set(call.directed ?? []),
      visited,
      isEffect: (tool) => (kinds.get(tool) ?? 'read') !== 'read',
    }
    const isRead = kinds.get(call.tool) === 'read'
    // A page whose address was not known in advance may be fetched where the plan fetches one, or the goal speaks of one.
    const inspected = isRead || onlyAsks(call) ? inspectRead(call, context, match === null ? asked.web : isPlanned) : inspectArguments(call, context)
    if (isRead) return inspected
    const authority = match === null ? holdAgainstGoal(call, context, asked, inspected) : holdAgainstPlan(call, context, match, asked, inspected)
    return { ...inspected, findings: [...authority, ...inspected.findings] }
  }

  /** Values of a call that were named before, or looked up where no text mentions them. */
  const questionsOf = ({ args }: ToolCall): readonly string[] =>
    atomsOf(args)
      .atoms.map(({ value }) => String(value))
      .filter((value) => {
        if (states(value)) return true
        const origins = observations.trace(value)
        return origins.length > 0 && origins.every(({ kind }) => kind === 'field')
      })

  const happens = (call: ToolCall): void => {
    const match = pins?.match(call.tool, call.args) ?? null
    if (match !== null) pins?.use(call.tool, call.args, match)
  }

  return {
    judge: (call) => {
      if (!atomsOf(call.args).complete) return { ...refusal('trajectory.too-large', 'its arguments are too deep or too many to trace'), taint: [] }
      if (observations.count === 0) return allowed('nothing-read', 'nothing untrusted was read yet', [])
      const { findings, taint } = inspect(call)
      const [first, ...others] = findings
      if (first === undefined) return allowed('as-planned', 'it does what was asked for, with values that may go there', taint)
      return { ...strictest([first, ...others]), taint }
    },
    called: (call) => {
      happens(call)
      asks.set(call.tool, questionsOf(call))
      for (const { value } of atomsOf(call.args).atoms) {
        if (visited.size < MAX_OWN_VALUES && isLink(String(value))) visited.add(squeeze(String(value)))
        if (own.size < MAX_OWN_VALUES && observations.complete && observations.trace(String(value)).length === 0) own.add(fold(String(value)))
      }
    },
    confirmed: (call) => {
      happens(call)
      for (const value of foldedValues(call.args)) trusted.add(value)
    },
    observed: ({ tool, output, source }) => {
      if (source === 'person') statements.push(readStatement(String(output)))
      else observations.add(output, { tool, source: source ?? 'tool', asked: asks.get(tool) ?? [] })
    },
    said: ({ role, text }) => {
      if (PERSON.has(role)) statements.push(readStatement(text))
    },
  }
}

function allowed(what: string, reason: string, taint: readonly TaintedValue[]): TrajectoryRuling {
  return { decision: 'allow', ruleId: `trajectory.${what}`, reason, hint: null, taint }
}

function foldedValues(args: unknown): readonly string[] {
  return atomsOf(args).atoms.map(({ value }) => fold(String(value)))
}
