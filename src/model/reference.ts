import type { Json, JsonObject } from './json.ts'
import type { PlanStep } from './plan.ts'

/** References that one step's arguments may hold. */
export const MAX_REFERENCES = 256
/** Characters that a reference inside a longer text may become, the note about what was cut included. */
export const MAX_REFERENCE_TEXT = 10_000
/** Levels of nesting that arguments, and values put into them, may have. */
export const MAX_ARGS_DEPTH = 64
const MAX_PATH = 16
const MAX_WRITTEN = 300
/** `StepId` without what zod costs: a plan may hold ten thousand references. */
const STEP_ID = /^[a-z][a-z0-9_-]{0,31}$/
/** Own-property access keeps these harmless; a plan that names them still wants something it must not have. */
const FORBIDDEN = new Set(['__proto__', 'prototype', 'constructor'])

type Args = PlanStep['args']
type Value = Args[string]
type Place = readonly (string | number)[]

/**
 * Stands in a step's arguments for a value of an earlier step's output: `${steps.list.output.files.0}`.
 * As the whole of a string it becomes the value itself, inside a longer text its text. `$${steps.…}` is meant literally.
 */
export interface Reference {
  /** As it is written. */
  readonly text: string
  readonly stepId: string
  /** Keys and array indexes into the output; empty means all of it. */
  readonly path: readonly string[]
  /** Where in the arguments. */
  readonly at: Place
  readonly whole: boolean
}

/** Text that begins like a reference and is none, or arguments that cannot be searched. */
export interface ReferenceProblem {
  readonly text: string
  readonly at: Place
  readonly problem: string
}

type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'reference'; readonly text: string; readonly stepId: string; readonly path: readonly string[] }
  | { readonly kind: 'malformed'; readonly text: string; readonly problem: string }

/** The well-formed references in a step's arguments, in the order of their places. */
export function referencesIn(args: JsonObject): readonly Reference[] {
  return scan(args).references
}

/** What looks like a reference in a step's arguments and cannot be resolved, whatever the earlier steps put out. */
export function referenceProblemsIn(args: JsonObject): readonly ReferenceProblem[] {
  return scan(args).problems
}

/** Both of the above in one pass. */
export function scan(args: JsonObject): { readonly references: readonly Reference[]; readonly problems: readonly ReferenceProblem[] } {
  const references: Reference[] = []
  const problems: ReferenceProblem[] = []
  const visitText = (text: string, at: Place): void => {
    const pieces = piecesOf(text)
    for (const piece of pieces) {
      if (piece.kind === 'malformed') problems.push({ text: piece.text, at, problem: piece.problem })
      if (piece.kind === 'reference') references.push({ text: piece.text, stepId: piece.stepId, path: piece.path, at, whole: pieces.length === 1 })
    }
  }
  const visit = (value: Json, at: Place): void => {
    if (typeof value === 'string') return visitText(value, at)
    if (typeof value !== 'object' || value === null) return
    if (at.length >= MAX_ARGS_DEPTH) {
      problems.push({ text: '', at, problem: `the arguments are nested deeper than ${MAX_ARGS_DEPTH} levels` })
      return
    }
    for (const [key, child] of Object.entries(value)) {
      if (piecesOf(key).some((piece) => piece.kind !== 'text')) problems.push({ text: key, at, problem: 'a reference cannot stand in a key' })
      visit(child, [...at, Array.isArray(value) ? Number(key) : key])
    }
  }
  visit(args, [])
  if (references.length > MAX_REFERENCES) {
    problems.push({ text: '', at: [], problem: `the arguments hold ${references.length} references, at most ${MAX_REFERENCES} are allowed` })
  }
  return { references, problems }
}

/**
 * The arguments with each reference replaced by what `read` gives for its step, or the first problem with its reference.
 * Values that are put in are copied and never searched for references again: what a tool put out cannot make one.
 * For that reason the result must not be resolved a second time.
 */
export function substituteReferences(
  args: JsonObject,
  read: (stepId: string) => JsonObject | null,
): { readonly args: Args } | { readonly reference: string; readonly problem: string } {
  const [first] = scan(args).problems
  if (first !== undefined) return { reference: first.text, problem: first.problem }
  try {
    return { args: mapObject(args, (text) => substituteText(text, read)) }
  } catch (error) {
    if (error instanceof Unresolved) return { reference: error.reference, problem: error.message }
    throw error
  }
}

/** Text in which nothing is taken for a reference. */
export function escapeReferences(text: string): string {
  return text.replaceAll(/\$\{(?=\s*steps\s*[.[])/g, '$$${')
}

/** The value at a path: own properties only, arrays by index. */
export function readPath(
  value: Json,
  path: readonly string[],
): { readonly found: true; readonly value: Json } | { readonly found: false; readonly problem: string } {
  let current = value
  for (const [depth, key] of path.entries()) {
    const next = readKey(current, key)
    if (next === undefined) {
      const where = depth === 0 ? 'the output' : `\`${path.slice(0, depth).join('.')}\``
      return { found: false, problem: `${where} has no \`${key}\`: it ${shapeOf(current)}` }
    }
    current = next
  }
  return { found: true, value: current }
}

/** The same where it matters only whether there is one. */
export function valueAt(value: Json, path: readonly (string | number)[]): Json | undefined {
  return path.reduce<Json | undefined>((part, key) => (part === undefined ? undefined : readKey(part, String(key))), value)
}

class Unresolved extends Error {
  readonly reference: string

  constructor(reference: string, problem: string) {
    super(problem)
    this.reference = reference
  }
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function readKey(value: Json, key: string): Json | undefined {
  if (typeof value !== 'object' || value === null || FORBIDDEN.has(key)) return undefined
  if (isList(value)) return /^(0|[1-9][0-9]{0,8})$/.test(key) ? value[Number(key)] : undefined
  return Object.hasOwn(value, key) ? value[key] : undefined
}

function shapeOf(value: Json): string {
  if (value === null) return 'is null'
  if (isList(value)) return `is a list of ${value.length}`
  if (typeof value !== 'object') return `is a ${typeof value}`
  const keys = Object.keys(value)
  if (keys.length === 0) return 'is empty'
  return `has ${keys
    .slice(0, 8)
    .map((key) => key.slice(0, 40))
    .join(', ')}${keys.length > 8 ? `, … (${keys.length})` : ''}`
}

function substituteText(text: string, read: (stepId: string) => JsonObject | null): Value {
  const pieces = piecesOf(text)
  const [only] = pieces
  if (pieces.length === 1 && only?.kind === 'reference') return copy(valueOf(only, read), only.text, 0)
  return pieces.map((piece) => (piece.kind === 'reference' ? textOf(valueOf(piece, read), piece.text) : piece.text)).join('')
}

function valueOf(reference: Extract<Piece, { kind: 'reference' }>, read: (stepId: string) => JsonObject | null): Json {
  const output = read(reference.stepId)
  if (output === null) throw new Unresolved(reference.text, `step "${reference.stepId}" has no output`)
  const at = readPath(output, reference.path)
  if (!at.found) throw new Unresolved(reference.text, at.problem)
  return at.value
}

function textOf(value: Json, reference: string): string {
  const text = typeof value === 'string' ? value : JSON.stringify(copy(value, reference, 0))
  checkText(text, reference)
  if (text.length <= MAX_REFERENCE_TEXT) return text
  const note = (cut: number): string => `… [${cut} more characters]`
  const room = MAX_REFERENCE_TEXT - note(text.length).length
  const end = /[\uD800-\uDBFF]/.test(text.charAt(room - 1)) ? room - 1 : room
  return text.slice(0, end) + note(text.length - end)
}

/** A copy, so that two steps never share what one of them could change. */
function copy(value: Json, reference: string, depth: number): Value {
  if (typeof value === 'string') return checkText(value, reference)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_ARGS_DEPTH) throw new Unresolved(reference, `the value is nested deeper than ${MAX_ARGS_DEPTH} levels`)
  if (isList(value)) return value.map((item) => copy(item, reference, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [checkText(key, reference), copy(item, reference, depth + 1)]))
}

/** A lone surrogate has no canonical JSON, hence no digest that an approval could be bound to. */
function checkText(text: string, reference: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new Unresolved(reference, 'the value holds text that is not valid Unicode')
  return text
}

/** `args` was searched before: its depth is known to be within bounds. */
function mapObject(value: { readonly [key: string]: Json }, onText: (text: string) => Value): Args {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapValue(item, onText)]))
}

function mapValue(value: Json, onText: (text: string) => Value): Value {
  if (typeof value === 'string') return onText(value)
  if (typeof value !== 'object' || value === null) return value
  if (isList(value)) return value.map((item) => mapValue(item, onText))
  return mapObject(value, onText)
}

const OPENING = /\$\{\s*steps\s*[.[]/y

function opensAt(text: string, start: number): boolean {
  OPENING.lastIndex = start
  return OPENING.test(text)
}

/** A text cut into what is literal and what stands for something else, in one pass; never empty. */
function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = []
  let literal = ''
  let position = 0
  for (let start = text.indexOf('${'); start !== -1; start = text.indexOf('${', position)) {
    const opens = opensAt(text, start)
    const escaped = start > position && text[start - 1] === '$'
    if (escaped || !opens) {
      literal += text.slice(position, opens ? start - 1 : start) + '${'
      position = start + 2
      continue
    }
    literal += text.slice(position, start)
    if (literal !== '') pieces.push({ kind: 'text', text: literal })
    literal = ''
    const piece = referenceAt(text, start)
    pieces.push(piece)
    position = start + piece.text.length
  }
  literal += text.slice(position)
  if (literal !== '' || pieces.length === 0) pieces.push({ kind: 'text', text: literal })
  return pieces
}

function referenceAt(text: string, start: number): Piece {
  const written = text.slice(start, start + MAX_WRITTEN)
  const end = written.indexOf('}')
  if (end === -1) return { kind: 'malformed', text: written.slice(0, 60), problem: `it is not closed with } within ${MAX_WRITTEN} characters` }
  const whole = written.slice(0, end + 1)
  const malformed = (problem: string): Piece => ({ kind: 'malformed', text: whole, problem })
  const inner = whole.slice(2, -1)
  const [, stepId, output, ...path] = inner.split('.')
  if (/[\s[{]/.test(inner)) return malformed('it holds white space or a bracket; array indexes are written .0')
  if (stepId === undefined || !STEP_ID.test(stepId)) return malformed('after `steps.` comes the id of a step')
  if (output !== 'output') return malformed('after the id of the step comes `.output`')
  if (path.some((key) => key === '')) return malformed('its path has an empty part')
  if (path.length > MAX_PATH) return malformed(`its path has more than ${MAX_PATH} parts`)
  const forbidden = path.find((key) => FORBIDDEN.has(key))
  if (forbidden !== undefined) return malformed(`its path may not go through \`${forbidden}\``)
  return { kind: 'reference', text: whole, stepId, path }
}
