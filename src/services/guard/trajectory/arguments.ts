import type { TrajectorySettings } from '../../../model/trajectory.ts'
import { argumentOf, atomsOf, type Atom } from './atoms.ts'
import { describeValue, taintOf, type Finding, type TaintedValue } from './findings.ts'
import { squeeze } from './fold.ts'
import type { Observations, Origin } from './observations.ts'
import { isPayload } from './payload.ts'
import { traceValue, type Provenance } from './provenance.ts'
import { embeddedIdentifiers, isLink, isPlaceInText, shapeOf } from './shape.ts'
import { stemOf } from './verbs.ts'

/** What the arguments of a call are held against. */
export interface ArgumentContext {
  readonly observations: Observations
  /** Whether the goal, the plan or a person names a value, or the model used it before anything held it. */
  readonly states: (value: string) => boolean
  /** Whether the goal or a person names a value. */
  readonly isSaid: (value: string) => boolean
  readonly settings: TrajectorySettings
  /** Words by which a record can be recognised as what the goal is about. */
  readonly goalWords: ReadonlySet<string>
  /** The same without their endings. */
  readonly goalStems: ReadonlySet<string>
  /** Arguments that the plan fixed; whether they are kept to is another question. */
  readonly fixed: ReadonlySet<string>
  /** Names of this run's tools have words in common with the goal, so one that has none says something too. */
  readonly namesSpeak: boolean
  /** It is planned, and for several of something: then the names of all of them are wanted, also those that some text mentions. */
  readonly namesMany: boolean
  /** The plan has this very call, as far as it fixed it. */
  readonly isPlanned: boolean
  /** And it fixed something of it that the call keeps to: what it left open was left to what is read. */
  readonly keeps: boolean
  /** There is a plan, so that a target which came from nowhere is at least not one that was not planned for. */
  readonly isPinned: boolean
  /** Paths of arguments that the plan takes from an earlier output by reference. */
  readonly directed: ReadonlySet<string>
  /** Links, squeezed, that this run has fetched: they were let pass then. */
  readonly visited: ReadonlySet<string>
  /** Whether a tool is known to do something; one that is not listed may as well be a read. */
  readonly isEffect: (tool: string) => boolean
}

export interface InspectedArguments {
  readonly findings: readonly Finding[]
  readonly taint: readonly TaintedValue[]
}

interface TracedAtom extends Atom {
  readonly provenance: Provenance
}

const HINT = 'Name the value in the goal, let the plan fix it, or let a person confirm it.'
/** Traces every value of a call with an effect, and says which of them may not decide what it does. */
export function inspectArguments(call: { readonly args: unknown }, context: ArgumentContext): InspectedArguments {
  if (context.settings.taint === 'off') return { findings: [], taint: [] }
  const traced = atomsOf(call.args).atoms.map((atom) => ({
    ...atom,
    provenance: traceValue(String(atom.value), context.observations, context.states),
  }))
  const single = traced.flatMap((atom) => findingsOf(atom, context))
  const findings = single.length > 0 ? single : dictated(traced, context)
  return { findings, taint: traced.flatMap(({ path, provenance }) => taintOf(path, provenance)) }
}

function findingsOf(atom: TracedAtom, context: ArgumentContext): readonly Finding[] {
  const { path, value, provenance } = atom
  if (provenance.disguise !== null) return [finding('disguised', atom, context, 'data that was read leaves in disguise')]
  if (provenance.stated || context.directed.has(path)) return []
  const shape = shapeOf(value)
  if (shape === 'plain' || shape === 'time') return []
  if (shape === 'prose' || (shape === 'name' && isPayload(path))) return embeddedFindings(atom, context)
  if (shape !== 'identifier' && context.fixed.has(argumentOf(path))) return []
  // A word within a longer word is another word; a part of an account number is still of that account.
  const origins = shape === 'identifier' ? provenance.origins : provenance.origins.filter(({ kind }) => kind !== 'piece')
  if (origins.length === 0) {
    if (!context.isPinned && shape === 'identifier' && isPlaceInText(String(value)))
      return [finding('tainted', atom, context, 'nobody named it, and nothing that was read holds it')]
    return context.observations.complete
      ? []
      : [finding('tainted', atom, context, 'more was read than can be kept in mind, and it may have come from there')]
  }
  // A text may list names line by line; addresses in it are still only what its writer wants.
  const lookedUp = origins.some(({ kind }) => kind === 'field' || (kind === 'item' && shape !== 'identifier'))
  if (!lookedUp && context.isPlanned && (isMessageOfTheGoal(origins, context) || (shape === 'name' && context.keeps))) return []
  if (!lookedUp && context.isPlanned && origins.some(({ observation }) => observation.answers)) return []
  if (!lookedUp) return [finding('tainted', atom, context, 'a text chose it, and neither the goal nor the plan does')]
  if (
    shape === 'key' ||
    (shape === 'name' && context.keeps) ||
    (shape === 'name' && context.namesMany) ||
    mentionsOf(origins.filter(({ kind, observation }) => kind !== 'span' || !observation.asked.has(squeeze(String(value))))).size === 0 ||
    isOfTheGoal(origins, context)
  )
    return []
  return [finding('tainted', atom, context, 'it could have been looked up, but a text names it too, and nothing else points to it')]
}

/** Whether a record that holds the value has something to do with the goal: a word in common. */
function isOfTheGoal(origins: readonly Origin[], { goalWords }: ArgumentContext): boolean {
  return origins.some(({ record }) => [...record].some((word) => goalWords.has(word)))
}

/** Whether the goal points to a short message that holds the value, by what else its record says. */
function isMessageOfTheGoal(origins: readonly Origin[], { goalWords, goalStems }: ArgumentContext): boolean {
  return origins.some(({ beside }) => [...beside].some((word) => goalWords.has(word) || goalStems.has(stemOf(word))))
}

/** An address or a code in a longer text, which the goal does not name and no record holds. */
function embeddedFindings(atom: TracedAtom, context: ArgumentContext): readonly Finding[] {
  return embeddedIdentifiers(String(atom.value)).flatMap((value) => {
    const provenance = traceValue(value, context.observations, context.states)
    const inner = { path: atom.path, value, provenance }
    if (provenance.disguise !== null) return [finding('disguised', inner, context, 'data that was read leaves in disguise')]
    if (provenance.stated || provenance.origins.length === 0 || provenance.origins.some(({ kind }) => kind === 'field')) return []
    if (context.visited.has(squeeze(value)) || isOutcome(value, provenance, context)) return []
    return [finding('tainted', inner, context, 'it passes on what a text says, and neither the goal nor the plan does')]
  })
}

/** A code, no place, that is known only since this run's own effects returned it: a ticket's number, a voucher. */
function isOutcome(value: string, { origins }: Provenance, { isEffect }: ArgumentContext): boolean {
  return !isLink(value) && !value.includes('@') && origins.every(({ observation }) => isEffect(observation.tool))
}

/**
 * A target that could have been looked up, but also stands in a sentence together with something else of this call: that text chose both. Of a
 * target alone one cannot tell.
 */
function dictated(traced: readonly TracedAtom[], context: ArgumentContext): readonly Finding[] {
  const from = traced.filter(({ value, provenance, path }) => !provenance.stated && !context.directed.has(path) && shapeOf(value) !== 'plain')
  return from.flatMap((atom) => {
    const shape = shapeOf(atom.value)
    if ((shape !== 'identifier' && shape !== 'name') || isPayload(atom.path) || context.fixed.has(argumentOf(atom.path))) return []
    if (context.isPlanned && isMessageOfTheGoal(atom.provenance.origins, context)) return []
    const texts = mentionsOf(atom.provenance.origins)
    const other = from.find(
      (next) => argumentOf(next.path) !== argumentOf(atom.path) && [...mentionsOf(next.provenance.origins)].some((text) => texts.has(text)),
    )
    if (other === undefined) return []
    return [finding('tainted', atom, context, `the same text says it and ${JSON.stringify(other.path)}, so it was that text that asked for this`)]
  })
}

/** Sentences that mention a value; a line of its own is not one. */
function mentionsOf(origins: readonly Origin[]): ReadonlySet<string> {
  const lines = new Set(origins.flatMap(({ kind, observation }) => (kind === 'item' ? [observation.index] : [])))
  const spans = origins.filter(({ kind, observation }) => kind === 'span' && !lines.has(observation.index))
  return new Set(spans.map(({ observation, path }) => `${observation.index} ${path}`))
}

function finding(what: 'tainted' | 'disguised', { path, value, provenance }: TracedAtom, { settings }: ArgumentContext, why: string): Finding {
  return {
    decision: settings[what],
    ruleId: `trajectory.${what}`,
    reason: `${describeValue(path, value, provenance)}: ${why}`,
    hint: HINT,
    taint: taintOf(path, provenance),
  }
}
