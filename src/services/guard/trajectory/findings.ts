import type { Decision, Source, Taint } from '../../../model/verdict.ts'
import { quote } from '../quote.ts'
import type { Origin } from './observations.ts'
import type { Provenance } from './provenance.ts'

/** An argument whose value was read somewhere, and where. */
export interface TaintedValue extends Taint {
  /** How the place holds it, or how it is hidden. */
  readonly held: Origin['kind'] | NonNullable<Provenance['disguise']>
  /** The observation, from 0 in the order they came. */
  readonly observation: number
}

/** One thing that was found out about a call; of several, the strictest counts. */
export interface Finding {
  readonly decision: Decision
  readonly ruleId: string
  readonly reason: string
  readonly hint: string | null
  readonly taint: readonly TaintedValue[]
}

const NOUN: Readonly<Record<Origin['kind'], string>> = { field: 'a field', item: 'a line', span: 'words inside a text', piece: 'part of a word' }
const COAT: Readonly<Record<NonNullable<Provenance['disguise']>, string>> = {
  base64: 'encoded as base64',
  hex: 'encoded in hexadecimal',
  percent: 'percent-encoded',
  reversed: 'written backwards',
  'look-alike': 'with characters that cannot be seen or only look like others',
  assembled: 'put together from pieces',
}

export function taintOf(path: string, { origins, disguise }: Provenance): readonly TaintedValue[] {
  return origins.slice(0, 1).map(({ observation, kind }) => ({
    path,
    source: observation.source satisfies Source,
    from: observation.tool,
    held: disguise ?? kind,
    observation: observation.index,
  }))
}

/** "the recipient X, words inside a text that read_file returned". */
export function describeValue(path: string, value: string | number, { origins, disguise }: Provenance): string {
  const [origin] = origins
  const where =
    origin === undefined
      ? ''
      : `, ${NOUN[origin.kind]}${origin.path === '' ? '' : ` (${quote(origin.path)})`} of what ${quote(origin.observation.tool)} returned`
  return `${quote(path)} is ${quote(String(value))}${disguise === null ? '' : ` (${COAT[disguise]})`}${where}`
}
