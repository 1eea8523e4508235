import type { Source } from '../../../model/verdict.ts'
import { decodedIn } from './disguise.ts'
import { fold, squeeze, wordsOf } from './fold.ts'
import { readStructure, type OutputField } from './output-structure.ts'
import { embeddedIdentifiers } from './shape.ts'
import { createTextIndex } from './text-index.ts'

/** Something that a run has read. */
export interface Observation {
  /** From 0, in the order they came. */
  readonly index: number
  readonly tool: string
  readonly source: Source
  /** All of it was indexed. When not, a value that is found nowhere may still have come from it. */
  readonly complete: boolean
  /** Squeezed values that were asked for, by a call whose question no text chose. */
  readonly asked: ReadonlySet<string>
  /** A short output that repeats what was asked and has one address or code in it: what was asked for. */
  readonly answers: boolean
}

/** A place in an observation that holds a value. */
export interface Origin {
  readonly observation: Observation
  /** The field's path in the output; empty for all of it. */
  readonly path: string
  /** `field`: the value is all of a field. `item`: a line or list item of a text. `span`: words within a text. `piece`: part of one of its words. */
  readonly kind: 'field' | 'item' | 'span' | 'piece'
  /** Words of the record that the field is in; empty for a text. */
  readonly record: ReadonlySet<string>
  /** Of a short text in a record: words of the record's other fields that tell it from the records beside it, such as who wrote it. Otherwise empty. */
  readonly beside: ReadonlySet<string>
}

/** Everything that was read, indexed once, so that judging a call costs the same after a thousand outputs. */
export interface Observations {
  add(output: unknown, about: { readonly tool: string; readonly source: Source; readonly asked?: readonly string[] }): Observation | null
  /** Where a value came from, at most a few places of each kind, strongest first. */
  trace(value: string): readonly Origin[]
  /** How much of a squeezed value, from `from` on, stands anywhere in what was read; 0 below seven characters. */
  longestPrefix(squeezed: string, from: number): number
  readonly count: number
  readonly complete: boolean
}

/** Letters and digits of all texts, and whole fields, that a run keeps an index of. Beyond, a value that cannot be traced is not taken for the model's own. */
const MAX_CHARACTERS = 2 * 1024 * 1024
const MAX_FIELD_VALUES = 200_000
const MAX_ORIGINS = 8
const MAX_RECORD_WORDS = 64
/** A message of this length says one thing; there is little room in it for another that somebody put there. */
const MAX_MESSAGE_CHARACTERS = 160
const NONE: ReadonlySet<string> = new Set()

export function createObservations(maxCharacters: number = MAX_CHARACTERS): Observations {
  const index = createTextIndex(maxCharacters)
  const texts: Pick<Origin, 'observation' | 'path' | 'beside'>[] = []
  const fields = new Map<string, Origin[]>()
  let count = 0
  let allComplete = true

  const keep = (key: string, origin: Origin): boolean => {
    const known = fields.get(key)
    if (known !== undefined) {
      if (known.length < MAX_ORIGINS) known.push(origin)
      return true
    }
    if (fields.size >= MAX_FIELD_VALUES) return false
    fields.set(key, [origin])
    return true
  }

  return {
    add: (output, about) => {
      const structure = readStructure(output)
      if (structure.fields.length === 0 && structure.texts.length === 0 && structure.complete) return null
      const observation: { -readonly [Key in keyof Observation]: Observation[Key] } = {
        tool: about.tool,
        source: about.source,
        index: count,
        complete: structure.complete,
        asked: new Set((about.asked ?? []).map(squeeze)),
        answers: isAnswer(output, about.asked ?? []),
      }
      count += 1
      const records = recordWords(structure.fields)
      const plain = about.source === 'file' || about.source === 'web'
      for (const { path, value, record } of structure.fields) {
        const key = fold(value)
        const kind = plain ? 'item' : 'field'
        if (!keep(key, { observation, path, kind, record: records.get(record) ?? NONE, beside: NONE })) observation.complete = false
      }
      for (const item of structure.items) keep(item, { observation, path: '', kind: 'item', record: NONE, beside: NONE })
      const telling = tellingWords(structure.fields)
      for (const { path, text, record } of structure.texts) {
        const added = index.add(text)
        if (added === null || !added.complete) observation.complete = false
        const beside = text.length > MAX_MESSAGE_CHARACTERS || plain ? NONE : record === null ? wordSet(text) : (telling.get(record)?.(path) ?? NONE)
        if (added !== null) texts[added.text] = { observation, path, beside }
      }
      for (const { path, text } of [...structure.texts, ...structure.fields.map(({ path, value }) => ({ path, text: value }))]) {
        for (const hidden of decodedIn(text)) {
          const added = index.add(hidden)
          if (added === null || !added.complete) observation.complete = false
          if (added !== null) texts[added.text] = { observation, path, beside: NONE }
        }
      }
      // Single-word fields are looked for in pieces and disguises too.
      for (const { path, value } of structure.fields) {
        if (wordsOf(fold(value)).length > 1) continue
        const added = index.add(value)
        if (added === null) observation.complete = false
        else texts[added.text] = { observation, path, beside: NONE }
      }
      allComplete &&= observation.complete
      return observation
    },
    trace: (value) => {
      const whole = fields.get(fold(value)) ?? []
      const spans = index.find(squeeze(value)).flatMap((hit): Origin[] => {
        const text = texts[hit.text]
        if (text === undefined) return []
        if (whole.some((origin) => origin.observation === text.observation && origin.path === text.path && origin.kind === 'field')) return []
        return [{ ...text, kind: hit.whole ? 'span' : 'piece', record: NONE }]
      })
      return [...whole.filter(({ kind }) => kind === 'field'), ...whole.filter(({ kind }) => kind === 'item'), ...spans]
    },
    longestPrefix: (squeezed, from) => index.longestPrefix(squeezed, from),
    get count() {
      return count
    },
    get complete() {
      return allComplete
    },
  }
}

function isAnswer(output: unknown, asked: readonly string[]): boolean {
  if (typeof output !== 'string' || output.length > MAX_MESSAGE_CHARACTERS) return false
  const [address, another] = embeddedIdentifiers(output)
  if (address === undefined || another !== undefined) return false
  // Anybody can have an address with somebody's name in it.
  const words = wordSet(output.replaceAll(address, ' '))
  return asked.some((value) => {
    const wanted = wordsOf(fold(value))
    return wanted.length > 0 && wanted.every((word) => words.has(word))
  })
}

function recordWords(fields: readonly { readonly value: string; readonly record: number }[]): ReadonlyMap<number, ReadonlySet<string>> {
  const records = new Map<number, Set<string>>()
  for (const { value, record } of fields) {
    const words = records.get(record) ?? new Set<string>()
    for (const word of wordsOf(fold(value))) if (words.size < MAX_RECORD_WORDS) words.add(word)
    records.set(record, words)
  }
  return records
}

function wordSet(text: string): ReadonlySet<string> {
  return new Set(wordsOf(fold(text)))
}

/** For each record, the words of its fields that not all records have; asked for a text, those of the other fields. */
function tellingWords(fields: readonly OutputField[]): ReadonlyMap<number, (textPath: string) => ReadonlySet<string>> {
  const perRecord = new Map<number, OutputField[]>()
  for (const field of fields) {
    const list = perRecord.get(field.record)
    if (list === undefined) perRecord.set(field.record, [field])
    else if (list.length < MAX_RECORD_WORDS) list.push(field)
  }
  const seen = new Map<string, Set<number>>()
  for (const { value, record } of fields) {
    const records = seen.get(fold(value))
    if (records === undefined) seen.set(fold(value), new Set([record]))
    else records.add(record)
  }
  const isTelling = ({ value }: OutputField): boolean => perRecord.size === 1 || (seen.get(fold(value))?.size ?? 0) < perRecord.size
  return new Map(
    [...perRecord].map(([record, list]) => [
      record,
      (textPath) =>
        new Set(
          list.filter((field) => field.path !== textPath && isTelling(field)).flatMap(({ value }) => wordsOf(fold(value)).slice(0, MAX_RECORD_WORDS)),
        ),
    ]),
  )
}
