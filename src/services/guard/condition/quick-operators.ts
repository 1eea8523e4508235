import { CHARS_A_STEP, lengthOf, type Bindings } from './engine.ts'
import { spend, type Meter } from './meter.ts'

/** What an expression is told about. */
export interface Frame {
  bindings: Bindings
  meter: Meter
  /** The items of the loops around, the outermost first. */
  readonly items: unknown[]
}

/** Gives what the library would, at the same price, or UNSURE. */
export type Node = (frame: Frame) => unknown

/** Only the library can tell. */
export const UNSURE = Symbol('unsure')

/** Functions and operators of one value, by the library's names for them. */
export const ONE: Readonly<Record<string, (of: Node) => Node>> = {
  '!_': (of) => (frame) => {
    const value = of(frame)
    return typeof value === 'boolean' ? !value : UNSURE
  },
  size: (of) => (frame) => {
    const value = of(frame)
    if (typeof value === 'string') return lengthOf(value, (steps) => spend(frame.meter, steps))
    if (!isTexts(value)) return UNSURE
    spend(frame.meter, weightOf(value))
    return BigInt(value.length)
  },
}

type Binary = (left: Node, right: Node) => Node

/** Functions and operators of two values; of a method, the text it is called on is the first. */
export const TWO: Readonly<Record<string, Binary>> = {
  '_==_': (left, right) => (frame) => same(left(frame), right(frame), frame.meter),
  '_!=_': (left, right) => (frame) => {
    const value = same(left(frame), right(frame), frame.meter)
    return typeof value === 'boolean' ? !value : UNSURE
  },
  '_<_': ofIntegers((a, b) => a < b),
  '_<=_': ofIntegers((a, b) => a <= b),
  '_>_': ofIntegers((a, b) => a > b),
  '_>=_': ofIntegers((a, b) => a >= b),
  contains: ofTexts(
    (text, part) => text.includes(part),
    (text, part) => (text.length * Math.max(1, part.length)) / CHARS_A_STEP,
  ),
  startsWith: ofTexts(
    (text, part) => text.startsWith(part),
    (_, part) => part.length / CHARS_A_STEP,
  ),
  endsWith: ofTexts(
    (text, part) => text.endsWith(part),
    (_, part) => part.length / CHARS_A_STEP,
  ),
  '@in': (left, right) => (frame) => {
    const [item, list] = [left(frame), right(frame)]
    if (typeof item !== 'string' || !isTexts(list)) return UNSURE
    spend(frame.meter, 1 + item.length / CHARS_A_STEP + weightOf(list))
    return list.includes(item)
  },
  '_[_]': (left, right) => (frame) => {
    const [value, at] = [left(frame), right(frame)]
    return Array.isArray(value) && typeof at === 'bigint' && at >= 0n ? ((value[Number(at)] as unknown) ?? UNSURE) : UNSURE
  },
}

function ofIntegers(holds: (a: bigint, b: bigint) => boolean): Binary {
  return (left, right) => (frame) => {
    const [a, b] = [left(frame), right(frame)]
    return typeof a === 'bigint' && typeof b === 'bigint' ? holds(a, b) : UNSURE
  }
}

function ofTexts(holds: (text: string, part: string) => boolean, steps: (text: string, part: string) => number): Binary {
  return (left, right) => (frame) => {
    const [text, part] = [left(frame), right(frame)]
    if (typeof text !== 'string' || typeof part !== 'string') return UNSURE
    spend(frame.meter, steps(text, part))
    return holds(text, part)
  }
}

function same(a: unknown, b: unknown, meter: Meter): unknown {
  const areTexts = typeof a === 'string' && typeof b === 'string'
  if (!areTexts && !(typeof a === 'boolean' && typeof b === 'boolean') && !(typeof a === 'bigint' && typeof b === 'bigint')) return UNSURE
  spend(meter, areTexts ? Math.min(a.length, b.length) / CHARS_A_STEP : 2)
  return a === b
}

/** Whether a value is a list of nothing but texts. */
export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function weightOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + 1 + text.length / CHARS_A_STEP, 1)
}
