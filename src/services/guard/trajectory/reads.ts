import type { ArgumentContext, InspectedArguments } from './arguments.ts'
import { atomsOf } from './atoms.ts'
import { describeValue, taintOf, type Finding } from './findings.ts'
import { squeeze } from './fold.ts'
import { traceValue, type Provenance } from './provenance.ts'
import { isLink, shapeOf } from './shape.ts'

/** A question longer than this tells more than it asks. */
const MAX_QUESTION_CHARACTERS = 80
/** Parts of a URL shorter than this carry nothing worth having. */
const MIN_CARRIED_CHARACTERS = 8
const MAX_PARTS = 32

/** Whether all that a call says is the address of something: it fetches that, whatever else its tool may count as. */
export function onlyAsks(call: { readonly args: unknown }): boolean {
  const { atoms } = atomsOf(call.args)
  const saying = atoms.filter(({ value }) => shapeOf(value) !== 'plain')
  return saying.length > 0 && saying.every(({ value }) => isLink(String(value)))
}

/**
 * A read changes nothing, but whoever is asked learns the question: what that says must not come out of what was read. `mayFetch`: addresses
 * that a text gave may be fetched.
 */
export function inspectRead(call: { readonly args: unknown }, context: ArgumentContext, mayFetch: boolean): InspectedArguments {
  const { settings, observations, states, directed } = context
  if (settings.taint === 'off') return { findings: [], taint: [] }
  const traced = atomsOf(call.args).atoms.map(({ path, value }) => ({
    path,
    value: String(value),
    provenance: traceValue(String(value), observations, states),
  }))
  const taint = traced.flatMap(({ path, provenance }) => taintOf(path, provenance))
  if (settings.taint !== 'everything') return { findings: [], taint }
  const findings = traced.flatMap(({ path, value, provenance }): readonly Finding[] => {
    const why = directed.has(path) ? null : problemOf(value, provenance, mayFetch, context)
    if (why === null) return []
    const what = provenance.disguise === null ? 'tainted' : 'disguised'
    return [
      {
        decision: settings[what],
        ruleId: `trajectory.${what}`,
        reason: `${describeValue(path, value, provenance)}: ${why}`,
        hint: 'Name the place in the goal, let the plan fix it, or let a person confirm it.',
        taint: taintOf(path, provenance),
      },
    ]
  })
  return { findings, taint }
}

function problemOf(value: string, { stated, origins, disguise }: Provenance, mayFetch: boolean, context: ArgumentContext): string | null {
  if (stated) return null
  if (disguise !== null) return 'data that was read leaves in a question'
  if (isLink(value)) {
    if (origins.length > 0) return mayFetch ? null : 'a text chose the place that is asked, and neither the goal nor the plan asks for one'
    if (!mayFetch && isChosenHost(value, context)) return 'a text chose the place that is asked, and neither the goal nor the plan asks for one'
    return carriesData(value, context) ? 'it carries what was read to the place that is asked' : null
  }
  const isText = squeeze(value).length > MAX_QUESTION_CHARACTERS && origins.some(({ kind }) => kind === 'span')
  return isText ? 'it carries a text that was read' : null
}

const HOST = /^((?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^/?#@]*@)?([^/?#:@]+)(?::\d+)?)(.*)$/is

function isChosenHost(url: string, { observations, states }: ArgumentContext): boolean {
  const [, place = '', host = ''] = HOST.exec(url.trim()) ?? []
  return !states(host) && !states(place) && observations.trace(host).length > 0
}

/** Whether a part of a URL after its host is itself something that was read, though no text held the whole. */
function carriesData(url: string, { observations, states }: ArgumentContext): boolean {
  const parts = (HOST.exec(url.trim())?.[3] ?? url)
    .split(/[/?&=#;:@]+/)
    .map(decoded)
    .filter((part) => squeeze(part).length >= MIN_CARRIED_CHARACTERS)
  // A first label before the host's name can carry as much as a path.
  const labels = (HOST.exec(url.trim())?.[2] ?? '')
    .split('.')
    .slice(0, -2)
    .filter((label) => squeeze(label).length >= MIN_CARRIED_CHARACTERS)
  return [...parts, ...labels].slice(0, MAX_PARTS).some((part) => {
    const { stated, origins } = traceValue(part, observations, states)
    return !stated && origins.length > 0
  })
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
