import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Document, Lexer, LineCounter } from 'yaml'
import { ControllerError, type FailureCode } from '../../errors.ts'

/** YAML's composer recurses, and a process that runs out of stack in it may be lost: deeper nesting never reaches it. */
const MAX_NESTING = 100
const MAX_INDENT = 300

export interface YamlDocument {
  readonly value: unknown
  /** The line (from 1) where a value, or the nearest thing that holds it, is written. */
  lineOf(at: readonly (string | number)[]): number
}

type Yaml = typeof import('yaml')

/** How a file may be read, and what its failure is called. */
export interface YamlFileOptions {
  readonly maxBytes: number
  readonly code: FailureCode
  /** What the file is to people: `Plan file`. */
  readonly subject: string
}

/**
 * Reads one strict YAML (or JSON) document: no duplicate keys, no aliases, no unknown tags, one document, UTF-8.
 * @throws ControllerError `code` naming file, line and problem
 */
export async function readYamlFile(path: string, options: YamlFileOptions): Promise<YamlDocument> {
  const subject = `${options.subject} ${path}`
  const refuse = (problem: string, cause?: unknown): ControllerError => new ControllerError(options.code, `${subject} ${problem}.`, { cause })
  const bytes = await readBounded(path, options.maxBytes, refuse)
  const text = decode(bytes, refuse)
  const yaml = await import('yaml')
  const deep = tooDeepAt(text, () => new yaml.Lexer())
  if (deep !== null) throw refuse(`nests too deeply at line ${deep}: at most ${MAX_NESTING} brackets and ${MAX_INDENT} columns of indentation`)
  const lines = new yaml.LineCounter()
  const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, logLevel: 'error' })
  const problems = [...document.errors, ...document.warnings]
  if (problems.length > 0) {
    const listed = problems.slice(0, 10).map((problem) => `line ${lines.linePos(problem.pos[0]).line}: ${problem.message}`)
    throw refuse(`is not valid YAML or JSON: ${listed.join('; ')}`)
  }
  try {
    return { value: document.toJS({ maxAliasCount: 0 }), lineOf: (at) => lineOf(yaml, document, lines, at) }
  } catch (error) {
    throw refuse('uses an alias (*name), which is not allowed: write the value out', error)
  }
}

async function readBounded(path: string, maxBytes: number, refuse: (problem: string, cause?: unknown) => ControllerError): Promise<Buffer> {
  try {
    // Without O_NONBLOCK a named pipe would hold the process until somebody writes to it.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      if (!(await file.stat()).isFile()) throw refuse('is not a file')
      const buffer = Buffer.alloc(maxBytes + 1)
      let length = 0
      for (let read = -1; read !== 0 && length < buffer.length; length += read) read = (await file.read(buffer, length)).bytesRead
      if (length > maxBytes) throw refuse(`is larger than ${maxBytes} bytes`)
      return buffer.subarray(0, length)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof ControllerError) throw error
    throw refuse(`cannot be read: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

function decode(bytes: Buffer, refuse: (problem: string, cause?: unknown) => ControllerError): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw refuse('is not UTF-8 text', error)
  }
}

/**
 * The line that nests too deeply. Block nesting costs at least a column a level, so columns bound it; brackets are counted as the
 * lexer, which does not recurse, sees them: quoted ones do not mislead it.
 */
function tooDeepAt(text: string, createLexer: () => Lexer): number | null {
  for (const [at, line] of text.split('\n').entries()) {
    if ((/^[ \t?:-]*/.exec(line)?.[0].length ?? 0) > MAX_INDENT) return at + 1
  }
  let depth = 0
  let offset = 0
  for (const token of createLexer().lex(text)) {
    if (token === '[' || token === '{') depth += 1
    if (token === ']' || token === '}') depth = Math.max(0, depth - 1)
    if (depth > MAX_NESTING) return text.slice(0, offset).split('\n').length
    if (!/^[\x02\x18\x1f]$/.test(token)) offset += token.length
  }
  return null
}

function lineOf(yaml: Yaml, document: Document.Parsed, lines: LineCounter, at: readonly (string | number)[]): number {
  for (let length = at.length; length > 0; length -= 1) {
    const parent = length === 1 ? document.contents : document.getIn(at.slice(0, length - 1), true)
    const last = at[length - 1]
    const pair = yaml.isMap(parent) ? parent.items.find(({ key }) => yaml.isScalar(key) && String(key.value) === String(last)) : undefined
    const node: unknown = pair?.key ?? (yaml.isSeq(parent) && typeof last === 'number' ? parent.items[last] : undefined)
    if (yaml.isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return 1
}
