import { isUtf8 } from 'node:buffer'

type ChangeStatus = 'added' | 'modified' | 'renamed' | 'deleted'
/** First and last line, from 1, both included. */
export type LineRange = readonly [number, number]

/** One file that `git diff --raw --numstat -z` tells of. */
export interface DiffedFile {
  /** Its bytes, one a character: names need not be UTF-8. */
  readonly name: string
  readonly status: ChangeStatus
  /** Lines that are new; null where git does not compare lines. */
  readonly added: number | null
}

const STATUS: Readonly<Record<string, ChangeStatus>> = { A: 'added', C: 'added', D: 'deleted', R: 'renamed' }
const ESCAPES: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** Reads `git diff --raw --numstat -z`: of each file how it changed and how many lines are new, each file once. Pure. */
export function parseSummary(summary: Buffer): DiffedFile[] {
  const fields = summary.toString('latin1').split('\0')
  const status = new Map<string, ChangeStatus>()
  const added = new Map<string, number | null>()
  let at = 0
  for (; fields[at]?.startsWith(':') === true; at += 2) {
    const letter = /^:\d+ \d+ [0-9a-f]+ [0-9a-f]+ ([A-Z])\d*$/.exec(fields[at] ?? '')?.[1] ?? 'M'
    // A rename names where it came from first.
    if (letter === 'R' || letter === 'C') at += 1
    const name = fields[at + 1] ?? ''
    if (!status.has(name)) status.set(name, STATUS[letter] ?? 'modified')
  }
  for (; at < fields.length; at += 1) {
    const [, count, rest] = /^(\d+|-)\t(?:\d+|-)\t(.*)$/s.exec(fields[at] ?? '') ?? []
    if (count === undefined || rest === undefined) continue
    if (rest === '') at += 2
    added.set(rest === '' ? (fields[at] ?? '') : rest, count === '-' ? null : Number(count))
  }
  return [...status].map(([name, how]) => ({ name, status: how, added: added.get(name) ?? null }))
}

/**
 * Reads `git diff -U0` without `-z`, where every name stands in one line: by name the ranges of new lines. What hunks contain is counted,
 * not read, so no content can pass for a header. Stops where the text is cut. Pure.
 */
export function parseHunks(patch: Buffer): Map<string, LineRange[]> {
  const files = new Map<string, LineRange[]>()
  let current: LineRange[] = []
  let skip = 0
  for (let from = 0, to = patch.indexOf(10); to !== -1; from = to + 1, to = patch.indexOf(10, from)) {
    // Content is not turned into text: a line may be megabytes long.
    if (patch[from] === BACKSLASH) continue
    if (skip > 0) {
      skip -= 1
      continue
    }
    if (patch[from] !== PLUS && patch[from] !== AT) continue
    const line = patch.toString('latin1', from, to)
    if (line.startsWith('+++ ')) {
      current = []
      files.set(nameIn(line.slice(4)), current)
    }
    const [, removed, start, count] = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line) ?? []
    if (start === undefined) continue
    const length = Number(count ?? 1)
    skip = length + Number(removed ?? 1)
    if (length > 0) current.push([Number(start), Number(start) + length - 1])
  }
  return files
}

const BACKSLASH = 0x5c
const PLUS = 0x2b
const AT = 0x40

/** The name in a `+++` line: behind `b/`, quoted as in C where it has odd characters, with a tab after it where it has a space. */
function nameIn(field: string): string {
  if (!field.startsWith('"')) return field.replace(/\t$/, '').replace(/^b\//, '')
  const inner = field.slice(1, field.lastIndexOf('"'))
  const plain = inner.replace(/\\(?:([0-7]{3})|(.))/gs, (_, octal?: string, char: string = '') =>
    octal === undefined ? (ESCAPES[char] ?? char) : String.fromCharCode(Number.parseInt(octal, 8)),
  )
  return plain.replace(/^b\//, '')
}

/** A name as text, or null when it is not UTF-8. */
export function asText(name: string): string | null {
  const bytes = Buffer.from(name, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : null
}
