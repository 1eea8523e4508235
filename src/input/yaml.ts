import type { Document, Lexer, LineCounter, Node } from 'yaml'

/** YAML's composer recurses, and a process that runs out of stack in it may be lost: deeper nesting never reaches it. */
const MAX_NESTING = 100
const MAX_INDENT = 300
/** Each costs the parser about half a kilobyte and 5 µs: 250 MB and 2.5 s at most. */
const MAX_TOKENS = 500_000

export interface TextPosition {
  /** From 1. */
  readonly line: number
  readonly column: number
}

/** Where the parts of a parsed text are. */
export interface YamlSource {
  /** The place of a value, or of the nearest value around it that exists. */
  locate(path: readonly (string | number)[]): TextPosition
}

export type ParsedYaml =
  | ({ readonly ok: true; readonly value: unknown } & YamlSource)
  | { readonly ok: false; readonly problems: readonly (TextPosition & { readonly message: string })[] }

/**
 * Parses one YAML document of the plain kind: no anchors, aliases, tags or merge keys, since a file means what its reader sees, and no
 * key twice. JSON is such YAML.
 */
export async function parseYaml(text: string): Promise<ParsedYaml> {
  const yaml = await import('yaml')
  const excess = excessOf(text, () => new yaml.Lexer())
  if (excess !== null) return { ok: false, problems: [{ ...excess, column: 1 }] }
  const lines = new yaml.LineCounter()
  try {
    const document = yaml.parseDocument(text, {
      version: '1.2',
      schema: 'core',
      strict: true,
      // The parser compares each key with each other one; `unwanted` does it at once.
      uniqueKeys: false,
      stringKeys: true,
      merge: false,
      prettyErrors: false,
      lineCounter: lines,
      logLevel: 'error',
    })
    const broken = [...document.errors, ...document.warnings].map((error) => ({ ...position(lines, error.pos[0]), message: error.message }))
    const problems = broken.length > 0 ? broken : unwanted(yaml, document, lines)
    if (problems.length > 0) return { ok: false, problems }
    return { ok: true, value: document.toJS({ maxAliasCount: 0 }), locate: (path) => locate(yaml, document, lines, path) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { ok: false, problems: [{ line: 1, column: 1, message }] }
  }
}

function unwanted(
  yaml: typeof import('yaml'),
  document: Document.Parsed,
  lines: LineCounter,
): readonly (TextPosition & { readonly message: string })[] {
  const found: (TextPosition & { readonly message: string })[] = []
  const refuse = (node: Node, message: string): void => {
    found.push({ ...position(lines, node.range?.[0] ?? 0), message })
  }
  yaml.visit(document, {
    Alias: (_, node) => refuse(node, 'aliases (*name) are not allowed; write the value out'),
    Value: (_, node) => {
      if (node.anchor !== undefined) refuse(node, 'anchors (&name) are not allowed; write the value out')
      if (node.tag !== undefined) refuse(node, `the tag ${node.tag} is not allowed`)
    },
    Map: (_, map) => {
      const seen = new Set<unknown>()
      for (const { key } of map.items) {
        if (!yaml.isScalar(key)) continue
        if (seen.has(key.value)) refuse(key, 'Map keys must be unique')
        seen.add(key.value)
      }
    },
    Pair: (_, pair) => {
      if (yaml.isScalar(pair.key) && pair.key.value === '__proto__') refuse(pair.key, 'the key __proto__ is not allowed')
    },
  })
  return found
}

function locate(yaml: typeof import('yaml'), document: Document.Parsed, lines: LineCounter, path: readonly (string | number)[]): TextPosition {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const last = path[length - 1]
    const pair = yaml.isMap(parent) ? parent.items.find(({ key }) => yaml.isScalar(key) && key.value === last) : undefined
    const node: unknown = pair ? pair.key : yaml.isSeq(parent) && typeof last === 'number' ? parent.items[last] : undefined
    if (yaml.isNode(node) && node.range) return position(lines, node.range[0])
  }
  return position(lines, 0)
}

function position(lines: LineCounter, offset: number): TextPosition {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

/**
 * The line that nests too deeply, or with which there is too much. Block nesting costs at least a column a level, so columns bound it;
 * brackets are counted as the lexer, which does not recurse, sees them: quoted ones do not mislead it.
 */
function excessOf(text: string, createLexer: () => Lexer): { readonly line: number; readonly message: string } | null {
  const tooDeep = `nests too deeply: at most ${MAX_NESTING} brackets and ${MAX_INDENT} columns of indentation`
  for (const [at, line] of text.split('\n').entries()) {
    if ((/^[ \t?:-]*/.exec(line)?.[0].length ?? 0) > MAX_INDENT) return { line: at + 1, message: tooDeep }
  }
  const lineOf = (end: number): number => text.slice(0, end).split('\n').length
  let depth = 0
  let offset = 0
  let tokens = 0
  for (const token of createLexer().lex(text)) {
    tokens += 1
    if (token === '[' || token === '{') depth += 1
    if (token === ']' || token === '}') depth = Math.max(0, depth - 1)
    if (depth > MAX_NESTING) return { line: lineOf(offset), message: tooDeep }
    if (tokens > MAX_TOKENS) return { line: lineOf(offset), message: `has too many parts: at most ${MAX_TOKENS} words and signs` }
    if (!/^[\x02\x18\x1f]$/.test(token)) offset += token.length
  }
  return null
}
