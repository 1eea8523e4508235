import { fold, wordsOf } from './fold.ts'
import { atomsOf } from './atoms.ts'
import { isPayload } from './payload.ts'
import { shapeOf } from './shape.ts'
import type { Origin } from './observations.ts'

/** A call that was planned before anything untrusted was read. An argument that is absent was left open. */
export interface PinnedCall {
  readonly tool: string
  readonly args?: Readonly<Record<string, unknown>> | undefined
}

/** An argument that is not what the plan fixed. */
export interface Deviation {
  readonly argument: string
  readonly planned: unknown
  readonly actual: unknown
}

/** How a call stands to the plan. */
export type PinMatch =
  | { readonly kind: 'planned'; readonly pin: number; readonly deviations: readonly Deviation[]; readonly fixed: ReadonlySet<string> }
  /** The same as a call that was let through before: the same targets again, as after a failure. */
  | { readonly kind: 'again' }
  /** Planned, but not this often. */
  | { readonly kind: 'beyond'; readonly deviations: readonly Deviation[]; readonly fixed: ReadonlySet<string> }
  | { readonly kind: 'unplanned' }

export interface Pins {
  match(tool: string, args: Readonly<Record<string, unknown>>): PinMatch
  /** The call happens: what it used of the plan is used up. */
  use(tool: string, args: Readonly<Record<string, unknown>>, match: PinMatch): void
}

/** How often the same effect may be tried again. A loop that pays the same bill for ever is not what was planned. */
const MAX_RETRIES = 3
/** As many as the shortest account and telephone numbers with a prefix. */
const GROUPED_DIGITS = 8

export function createPins(plan: readonly PinnedCall[], trace: (value: string) => readonly Origin[]): Pins {
  const used = new Set<number>()
  const targets = new Map<string, number>()
  return {
    match: (tool, args) => {
      const same = plan.flatMap((pin, at) => (pin.tool === tool ? [{ at, deviations: deviationsOf(pin, args, trace) }] : []))
      const best = closest(same.filter(({ at }) => !used.has(at)))
      const tries = targets.get(signatureOf(tool, args)) ?? 0
      if (tries > 0 && tries <= MAX_RETRIES && (best === null || best.deviations.length > 0)) return { kind: 'again' }
      if (best !== null) {
        return { kind: 'planned', pin: best.at, deviations: best.deviations, fixed: new Set(Object.keys(plan[best.at]?.args ?? {})) }
      }
      const like = closest(same)
      if (like === null) return { kind: 'unplanned' }
      return { kind: 'beyond', deviations: like.deviations, fixed: new Set(Object.keys(plan[like.at]?.args ?? {})) }
    },
    use: (tool, args, match) => {
      if (match.kind === 'planned') used.add(match.pin)
      const signature = signatureOf(tool, args)
      targets.set(signature, (targets.get(signature) ?? 0) + 1)
    },
  }
}

function closest<Fit extends { readonly deviations: readonly Deviation[] }>(fits: readonly Fit[]): Fit | null {
  return fits.reduce<Fit | null>((least, next) => (least === null || next.deviations.length < least.deviations.length ? next : least), null)
}

/** What a call says, times and repetitions aside: those are what is corrected when the same effect is tried again. */
function signatureOf(tool: string, args: Readonly<Record<string, unknown>>): string {
  const targets = atomsOf(args).atoms.filter(({ value }) => shapeOf(value) !== 'time')
  return JSON.stringify([tool, [...new Set(targets.map(({ path, value }) => `${path.replace(/\.\d+$/, '')}=${fold(String(value))}`))].sort()])
}

function deviationsOf(pin: PinnedCall, args: Readonly<Record<string, unknown>>, trace: (value: string) => readonly Origin[]): readonly Deviation[] {
  return Object.entries(pin.args ?? {}).flatMap(([argument, planned]) => {
    const actual = Object.hasOwn(args, argument) ? args[argument] : undefined
    if (actual === undefined || actual === null || fits(planned, actual, isPayload(argument), trace)) return []
    return [{ argument, planned, actual }]
  })
}

function fits(planned: unknown, actual: unknown, payload: boolean, trace: (value: string) => readonly Origin[]): boolean {
  const wanted = atomsOf(planned).atoms.map(({ value }) => value)
  const given = atomsOf(actual).atoms.map(({ value }) => value)
  if (wanted.length === 0) return given.length === 0 && JSON.stringify(planned) === JSON.stringify(actual)
  return (
    given.every((value) => wanted.some((want) => fitsAtom(want, value, payload, trace))) &&
    wanted.every((want) => given.some((value) => fitsAtom(want, value, payload, trace)))
  )
}

function fitsAtom(planned: string | number, actual: string | number, payload: boolean, trace: (value: string) => readonly Origin[]): boolean {
  const want = canonical(planned)
  const given = canonical(actual)
  if (want === given) return true
  const origins = trace(String(actual))
  const words = wordsOf(want)
  if (origins.some(({ kind, record }) => kind === 'field' && words.length > 0 && words.every((word) => record.has(word)))) return true
  // Not read anywhere and no address: the model's own words for what was planned. One or two words may be somebody's name.
  const shape = shapeOf(actual)
  const wording = shape === 'prose' || (shape === 'name' && (payload || wordsOf(given).length > 2))
  return wording && !['identifier', 'key'].includes(shapeOf(planned)) && origins.length === 0
}

/** Telephone and account numbers are written in groups or not. */
function ungrouped(text: string): string {
  const isGrouped = /^\+?[\p{L}\p{N} ()-]+$/u.test(text) && (text.match(/\p{N}/gu)?.length ?? 0) >= GROUPED_DIGITS
  return isGrouped && shapeOf(text) !== 'time' ? text.replaceAll(/[ ()-]/g, '') : text
}

/** A value without the differences in form that mean nothing: number formats, times with and without seconds. */
function canonical(value: string | number): string {
  const text = ungrouped(fold(String(value)))
  const number = Number(text)
  if (text !== '' && Number.isFinite(number)) return String(number)
  if (shapeOf(text) === 'time')
    return text
      .replace(/[t,]/g, ' ')
      .replace(/(\d\d:\d\d):00(?:\.0+)?/, '$1')
      .replace(/ ?z$/, '')
      .replaceAll(/\s+/g, ' ')
  return text
    .replace(/^(?:[#@](?=[\p{L}\p{N}])|v(?=\d))/u, '')
    .replace(/^https?:\/\/(?=.)/, '')
    .replace(/(?<=.)\/$/, '')
}
