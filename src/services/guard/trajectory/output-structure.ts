import { parseAllDocuments } from 'yaml'
import { fold, wordsOf } from './fold.ts'
import { readPrintedLiteral } from './printed-literal.ts'

/** A value that fills a whole field of an output. */
export interface OutputField {
  readonly path: string
  readonly value: string
  /** The innermost record around it, numbered within the output. */
  readonly record: number
}

/** A text that somebody wrote. */
export interface OutputText {
  readonly path: string
  readonly text: string
  /** The innermost record around it; null when it is in none. */
  readonly record: number | null
}

/** An output taken apart: what fields it has, and what is only text. */
export interface OutputStructure {
  readonly fields: readonly OutputField[]
  /** Texts that somebody wrote: fields of more than a few words, or an output that is no record at all. */
  readonly texts: readonly OutputText[]
  /** Lines and list items of an output that is only text: weaker than fields, since whoever wrote the text chose them. */
  readonly items: readonly string[]
  readonly complete: boolean
}

/** A field longer than this is text that somebody wrote, not a value that somebody looks up. */
const FIELD_MAX_CHARACTERS = 120
/** YAML and printed values are read with parsers that keep every node: larger outputs count as text, which is the stricter reading. */
const MAX_YAML_CHARACTERS = 256 * 1024
const MAX_JSON_CHARACTERS = 4 * 1024 * 1024
const MAX_DEPTH = 64
const MAX_FIELDS = 20_000
const MAX_ITEMS = 2_000

/** Takes an output apart: JSON, YAML, a printed record, plain text, or a value that is structured already. */
export function readStructure(output: unknown): OutputStructure {
  if (typeof output !== 'string') return fromValue(output)
  const value = parsed(output)
  return typeof value === 'object' && value !== null ? fromValue(value) : fromText(output)
}

function parsed(text: string): unknown {
  const start = text.trimStart().slice(0, 1)
  if (!nestsTooDeeply(text)) {
    if ((start === '{' || start === '[') && text.length <= MAX_JSON_CHARACTERS) {
      try {
        return JSON.parse(text)
      } catch {
        const printed = text.length <= MAX_YAML_CHARACTERS ? readPrintedLiteral(text) : undefined
        if (printed !== undefined) return printed
      }
    }
    if (text.length <= MAX_YAML_CHARACTERS && looksPrinted(text)) {
      return yamlOf(text) ?? text
    }
  }
  return text
}

/** One record or several parted by `---`; null when it is not all YAML, since a reader that goes on after an error would lose what follows. */
function yamlOf(text: string): unknown {
  try {
    const documents = [...parseAllDocuments(text, { logLevel: 'silent', schema: 'failsafe', uniqueKeys: false })]
    if (documents.some(({ errors }) => errors.length > 0)) return null
    const values: unknown[] = documents.map((document): unknown => document.toJS({ maxAliasCount: 0 }))
    return values.length === 1 ? values[0] : values
  } catch {
    return null
  }
}

/**
 * Whether a program printed this as a record: every line at the margin begins an entry. A letter with a line such as "IBAN: …" is YAML to a
 * lenient parser too, but nobody's record.
 */
function looksPrinted(text: string): boolean {
  if (/^\s*[[{]/.test(text)) return true
  return (
    text
      .split('\n')
      .every((line) => /^(?:[\s-]|$)/.test(line) || /^["']?[\p{L}_][\p{L}\p{N}_.-]*(?: [\p{L}\p{N}_.-]+){0,2}["']?:(?: |$)/u.test(line)) &&
    !/^(?!---$)-{2,}/m.test(text)
  )
}

/** Both parsers recurse; counting brackets, quoted ones too, errs on the side of reading text as text. */
function nestsTooDeeply(text: string): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0x5b || code === 0x7b) depth += 1
    else if (code === 0x5d || code === 0x7d) depth = Math.max(0, depth - 1)
    if (depth > MAX_DEPTH) return true
  }
  return /^[ \t?:-]{129}/m.test(text)
}

function fromValue(root: unknown): OutputStructure {
  const fields: OutputField[] = []
  const texts: OutputText[] = []
  let records = 0
  let complete = true
  const leaf = (value: string, path: string, record: number): void => {
    if (value === '') return
    if (value.length <= FIELD_MAX_CHARACTERS && !value.trim().includes('\n')) fields.push({ path, value, record })
    if (value.length > FIELD_MAX_CHARACTERS || wordsOf(value).length > 1) texts.push({ path, text: value, record })
  }
  const walk = (value: unknown, path: string, record: number, depth: number): void => {
    if (depth > MAX_DEPTH || fields.length + texts.length > MAX_FIELDS) complete = false
    else if (typeof value === 'string') leaf(value, path, record)
    else if (typeof value === 'number' || typeof value === 'bigint') leaf(String(value), path, record)
    else if (Array.isArray(value)) {
      // The entries of a mere list have nothing to do with one another.
      for (const [index, inner] of value.entries()) walk(inner, `${path}[${index}]`, record === 0 ? (records += 1) : record, depth + 1)
    } else if (typeof value === 'object' && value !== null) {
      records += 1
      const inner = records
      for (const [key, held] of Object.entries(value)) {
        leaf(key, path, inner)
        walk(held, path === '' ? key : `${path}.${key}`, inner, depth + 1)
      }
    }
  }
  walk(root, '', 0, 0)
  return { fields, texts, items: [...new Set(texts.flatMap(({ text }) => enumerated(text)))].slice(0, MAX_ITEMS), complete }
}

function fromText(text: string): OutputStructure {
  const whole = text.trim()
  if (whole === '') return { fields: [], texts: [], items: [], complete: true }
  if (whole.length <= FIELD_MAX_CHARACTERS && !whole.includes('\n') && wordsOf(whole).length <= 8) {
    return {
      fields: [{ path: '', value: whole, record: 0 }],
      texts: [{ path: '', text: whole, record: null }],
      items: enumerated(whole),
      complete: true,
    }
  }
  return { fields: [], texts: [{ path: '', text, record: null }], items: itemsOf(text), complete: true }
}

/** The parts of a short line that lists things, as in "Ann, Bob and Carla" or "Red (wool), Blue (silk)". A sentence after it makes it none. */
function enumerated(text: string): readonly string[] {
  const line = text.trim().replace(/[.!]$/u, '')
  if (line.length > FIELD_MAX_CHARACTERS || /[\n!?]|[.] /u.test(line)) return []
  const parts = line.replace(/^[^:,]{1,60}:\s+/u, '').split(/[,;|]\s*|\s+(?:and|or|et|y|und|e)\s+|[()]/u)
  return parts.length > 1 ? parts.map((part) => fold(part)).filter((part) => part !== '') : []
}

function itemsOf(text: string): readonly string[] {
  const items = new Set<string>()
  for (const match of text.matchAll(/[^\n]+/g)) {
    const line = match[0]
    if (line.length > 2_000) continue
    const listed = line.replace(/^\s*(?:[-*•]|\d+[.)])\s+/u, '').replace(/^[^:,]{1,40}:\s+/u, '')
    const label = /^\s*(?:[-*•]\s+)?([^:,]{1,60}):\s/u.exec(line)?.[1] ?? ''
    for (const item of [line, listed, label, ...listed.split(/[,;\t]/u), ...enumerated(line)]) {
      if (item.length <= FIELD_MAX_CHARACTERS && item.trim() !== '') items.add(fold(item))
    }
    if (items.size >= MAX_ITEMS) break
  }
  return [...items]
}
