import { parseDuration } from './duration.ts'
import { paramProblemsOf } from '../model/problems.ts'
import type { Leaf } from './settings.ts'

type Reading = { readonly value: unknown } | { readonly problem: string }

/** The value that a setting takes from what was given under `key`; text is read as what the setting wants, if it can be. */
export function readSetting(leaf: Leaf, key: string, given: unknown): Reading {
  if (key === 'timeout') {
    const ms = typeof given === 'string' ? parseDuration(given) : null
    if (ms === null) return { problem: 'a number with its unit, such as 5m, 90s or 300000ms' }
    return check(leaf, ms)
  }
  const candidates = typeof given === 'string' ? readings(given) : [given]
  const fitting = candidates.map((value) => leaf.schema.safeParse(value)).find((parsed) => parsed.success)
  return fitting?.success === true ? { value: fitting.data } : check(leaf, candidates.find((value) => typeof value === 'number') ?? given)
}

function check(leaf: Leaf, value: unknown): Reading {
  const parsed = leaf.schema.safeParse(value)
  if (parsed.success) return { value: parsed.data }
  return { problem: [...new Set(paramProblemsOf(parsed.error, value).map(({ problem }) => problem))].join('; ') }
}

/** What a text may stand for; the first reading that a setting accepts is the one that was meant. */
function readings(text: string): unknown[] {
  const parts = text.split(',').map((part) => part.trim())
  const pairs = parts.map((part) => part.split('='))
  return [
    text,
    ...jsonOf(text),
    ...(text === '1' ? [true] : text === '0' ? [false] : []),
    parts.filter((part) => part !== ''),
    ...(pairs.every((pair) => pair.length > 1 && pair[0] !== '') ? [Object.fromEntries(pairs.map(([name, ...rest]) => [name, rest.join('=')]))] : []),
  ]
}

function jsonOf(text: string): unknown[] {
  try {
    return [JSON.parse(text)]
  } catch {
    return []
  }
}
