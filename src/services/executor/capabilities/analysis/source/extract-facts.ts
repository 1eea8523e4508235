import { extname } from 'node:path'
import { parseSync, visitorKeys, type ParserOptions } from 'oxc-parser'
import { MIN_FUNCTION_LINES, type ImportHow, type SourceFacts } from './source-facts.ts'

/** A node of the syntax tree, as far as a walk over any of them needs to know it. */
interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

/** What the walk has come to know. */
interface Walk {
  readonly lineAt: (offset: number) => number
  readonly columnAt: (offset: number) => number
  readonly facts: SourceFacts
  /** The names that imports bind: the compiler drops an import none of whose names is used as a value. */
  readonly bindings: { readonly names: readonly string[]; readonly entry: { how: ImportHow } }[]
  readonly usedAsValue: Set<string>
  /** Only a TypeScript compiler drops imports. */
  readonly isTyped: boolean
}

/** Where the walk is: inside a type, and what the nearest name for a function would be. */
interface Place {
  readonly inType: boolean
  readonly name: string | null
  readonly isCallback: boolean
  /** In a function, which runs later than the module is loaded; one that is called on the spot is none. */
  readonly isLater: boolean
  readonly isCalledAtOnce: boolean
}

const LANGUAGES: Readonly<Record<string, NonNullable<ParserOptions['lang']>>> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  // JSX in .js files is common, and no program means anything else by it.
  '.js': 'jsx',
  '.mjs': 'jsx',
  '.cjs': 'jsx',
  '.jsx': 'jsx',
  '.vue': 'tsx',
  '.svelte': 'ts',
  '.astro': 'ts',
}

const TYPE_ONLY = new Set([
  'TSTypeAnnotation',
  'TSTypeParameterInstantiation',
  'TSTypeParameterDeclaration',
  'TSInterfaceDeclaration',
  'TSTypeAliasDeclaration',
  'TSClassImplements',
  'TSTypeQuery',
  'TSTypeReference',
])
const NO_CODE = new Set(['ImportDeclaration', 'TSInterfaceDeclaration', 'TSTypeAliasDeclaration', 'TSModuleDeclaration', 'EmptyStatement'])
const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])
const MAX_SPECIFIER = 1_000
const MAX_NAME = 100

/** Parses one file and tells what it imports and holds. Pure; a syntax error leaves what the parser could make out. */
export function extractFacts(path: string, source: string): SourceFacts {
  const extension = extname(path).toLowerCase()
  const text = isComponent(extension) ? scriptOf(extension, source) : source
  const lang = /\.d\.[cm]?ts$/.test(path) ? 'dts' : (LANGUAGES[extension] ?? 'ts')
  const parsed = parseSync(path, text, { lang, sourceType: extension === '.cjs' ? 'commonjs' : 'unambiguous', preserveParens: false })
  const facts: SourceFacts = { imports: [], open: [], functions: [], anyTypes: [], hasCode: false, problem: parsed.errors[0]?.message ?? null }
  const starts = lineStarts(text)
  const lineAt = (offset: number) => lineOf(starts, offset)
  const walk: Walk = {
    lineAt,
    columnAt: (offset) => offset - (starts[lineAt(offset) - 1] ?? 0),
    facts,
    bindings: [],
    usedAsValue: new Set(),
    isTyped: lang === 'ts' || (lang === 'tsx' && extension === '.tsx'),
  }
  const program = parsed.program as unknown as Node
  facts.hasCode = Array.isArray(program['body']) && program['body'].some((each) => isNode(each) && isCode(each))
  visit(program, walk, { inType: false, name: null, isCallback: false, isLater: false, isCalledAtOnce: false })
  // Nothing of a declaration file is there at run time.
  if (lang === 'dts') for (const found of facts.imports) found.how = 'type'
  for (const { names, entry } of walk.bindings) {
    if (!names.some((name) => walk.usedAsValue.has(name))) entry.how = 'type'
  }
  facts.imports.sort((a, b) => a.line - b.line)
  return facts
}

/** Whether a statement leaves anything to run once its types are gone; imports alone do nothing that could be tested. */
function isCode(statement: Node): boolean {
  if (statement['declare'] === true || NO_CODE.has(statement.type)) return false
  if (statement.type !== 'ExportNamedDeclaration') return statement.type !== 'ExportAllDeclaration'
  const declaration = statement['declaration']
  return isNode(declaration) && isCode(declaration)
}

export function isComponent(extension: string): boolean {
  return extension === '.vue' || extension === '.svelte' || extension === '.astro'
}

/** The scripts of a component at their places, everything else blank: line numbers stay true. */
function scriptOf(extension: string, source: string): string {
  const blank = (text: string) => text.replace(/[^\n]/g, ' ')
  if (extension === '.astro') {
    const end = source.startsWith('---') ? source.indexOf('\n---', 3) : -1
    return end === -1 ? blank(source) : `   ${source.slice(3, end)}${blank(source.slice(end))}`
  }
  let result = ''
  let at = 0
  for (const open of source.matchAll(/<script\b[^>]*>/g)) {
    const from = open.index + open[0].length
    const to = source.indexOf('</script>', from)
    if (open.index < at || to === -1) continue
    // A semicolon keeps two scripts apart.
    result += `${blank(source.slice(at, from - 1))};${source.slice(from, to)}`
    at = to
  }
  return result + blank(source.slice(at))
}

function visit(node: Node, walk: Walk, place: Place): void {
  const inner = enter(node, walk, place)
  for (const key of visitorKeys[node.type] ?? []) {
    if (isNameOnly(node, key)) continue
    const child = node[key]
    for (const each of Array.isArray(child) ? child : [child]) {
      if (isNode(each)) visit(each, walk, placeOf(node, key, each, inner))
    }
  }
}

/** Notes what a node is, and returns the place its children are at. */
function enter(node: Node, walk: Walk, place: Place): Place {
  const inType = place.inType || TYPE_ONLY.has(node.type) || (node.type.startsWith('Export') && isTypeExport(node))
  switch (node.type) {
    case 'ImportDeclaration':
      importDeclaration(node, walk)
      break
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      if (isNode(node['source'])) add(walk, node['source'], isTypeExport(node) ? 'type' : 'value', node)
      break
    case 'ImportExpression':
      if (isNode(node['source'])) computedOrFixed(walk, node['source'], 'dynamic', true)
      break
    case 'CallExpression':
      call(node, walk, place)
      break
    case 'TSImportEqualsDeclaration':
      importEquals(node, walk)
      break
    case 'TSImportType':
      if (isNode(node['source'])) add(walk, node['source'], 'type')
      break
    case 'TSAnyKeyword':
      walk.facts.anyTypes.push(walk.lineAt(node.start))
      break
    case 'Identifier':
    case 'JSXIdentifier':
      if (!inType && typeof node['name'] === 'string') walk.usedAsValue.add(node['name'])
      break
  }
  if (FUNCTIONS.has(node.type)) measure(node, walk, place)
  if (inType === place.inType && !FUNCTIONS.has(node.type)) return place
  const isLater = place.isLater || (FUNCTIONS.has(node.type) && !place.isCalledAtOnce)
  return { inType, name: null, isCallback: false, isLater, isCalledAtOnce: false }
}

/** Names that stand for no variable: members, keys, labels, and the names that imports bind. */
function isNameOnly(node: Node, key: string): boolean {
  if (key === 'property') return node.type === 'MemberExpression' && node['computed'] !== true
  if (key === 'key') return node['computed'] !== true
  if (key === 'label' || key === 'exported') return true
  if (key === 'specifiers') return node.type === 'ImportDeclaration' || isNode(node['source'])
  return node.type === 'TSImportEqualsDeclaration' && key === 'id'
}

function placeOf(parent: Node, key: string, child: Node, place: Place): Place {
  if (!FUNCTIONS.has(child.type)) {
    const named = parent.type === 'ExportDefaultDeclaration' ? 'default' : nameGivenBy(parent, key)
    return named === null ? place : { ...place, name: named }
  }
  return { ...place, name: nameGivenBy(parent, key) ?? place.name, isCallback: key === 'arguments', isCalledAtOnce: key === 'callee' }
}

/** `const f = …`, `{ f: … }`, `f() {…}`, `this.f = …`. */
function nameGivenBy(parent: Node, key: string): string | null {
  if (parent.type === 'VariableDeclarator' && key === 'init') return nameOf(parent['id'])
  if (key === 'value') return nameOf(parent['key'])
  if (parent.type === 'AssignmentExpression' && key === 'right') {
    const left = parent['left']
    return isNode(left) && left.type === 'MemberExpression' ? nameOf(left['property']) : nameOf(left)
  }
  return null
}

function nameOf(node: unknown): string | null {
  if (!isNode(node)) return null
  const name = node['name'] ?? node['value']
  return typeof name === 'string' ? name.slice(0, MAX_NAME) : null
}

function measure(node: Node, walk: Walk, place: Place): void {
  const { lineAt, columnAt, facts } = walk
  const body = node['body']
  const line = lineAt(node.start)
  const endLine = lineAt(node.end - 1)
  if (endLine - line + 1 < MIN_FUNCTION_LINES || !isNode(body)) return
  const name = nameOf(node['id']) ?? place.name ?? ''
  facts.functions.push({ name, line, endLine, column: columnAt(node.start), isCallback: place.isCallback })
}

function importDeclaration(node: Node, walk: Walk): void {
  const source = node['source']
  if (!isNode(source)) return
  const specifiers = Array.isArray(node['specifiers']) ? node['specifiers'].filter(isNode) : []
  const isType = node['importKind'] === 'type'
  const entry = add(walk, source, isType ? 'type' : 'value', node)
  // Without a name it is there for its effect, and stays.
  if (isType || entry === null || specifiers.length === 0 || !walk.isTyped) return
  const names = specifiers.flatMap((each) => (each['importKind'] === 'type' ? [] : (nameOf(each['local']) ?? [])))
  walk.bindings.push({ names, entry })
}

function importEquals(node: Node, walk: Walk): void {
  const reference = node['moduleReference']
  if (!isNode(reference) || reference.type !== 'TSExternalModuleReference' || !isNode(reference['expression'])) return
  add(walk, reference['expression'], node['importKind'] === 'type' ? 'type' : 'require')
}

function isTypeExport(node: Node): boolean {
  if (node['exportKind'] === 'type') return true
  const specifiers = Array.isArray(node['specifiers']) ? node['specifiers'].filter(isNode) : []
  return specifiers.length > 0 && specifiers.every((each) => each['exportKind'] === 'type')
}

/** `require('x')`, and what bundlers know as imports whose files are found by pattern. */
function call(node: Node, walk: Walk, { isLater }: Place): void {
  const callee = node['callee']
  const [first] = Array.isArray(node['arguments']) ? node['arguments'] : []
  if (!isNode(callee)) return
  const isRequire = callee.type === 'Identifier' && callee['name'] === 'require'
  const isResolve = callee.type === 'MemberExpression' && nameOf(callee['object']) === 'require' && nameOf(callee['property']) === 'resolve'
  // What is only looked up is not loaded.
  if ((isRequire || isResolve) && isNode(first)) computedOrFixed(walk, first, isResolve ? 'dynamic' : 'require', isLater)
  const isPattern = callee.type === 'MemberExpression' && /^(?:glob|context)$/.test(nameOf(callee['property']) ?? '')
  if (!isPattern || !isModuleObject(callee['object'])) return
  for (const pattern of isNode(first) && first.type === 'ArrayExpression' && Array.isArray(first['elements']) ? first['elements'] : [first]) {
    walk.facts.open.push({ prefix: (textOf(pattern) ?? '').replace(/[*?{[(!].*$/s, '').slice(0, MAX_SPECIFIER), line: walk.lineAt(node.start) })
  }
}

/** `import.meta` and `require`. */
function isModuleObject(node: unknown): boolean {
  return isNode(node) && (node.type === 'MetaProperty' || nameOf(node) === 'require')
}

function computedOrFixed(walk: Walk, source: Node, how: ImportHow, isLazy: boolean): void {
  if (textOf(source) !== null) add(walk, source, how, source, isLazy)
  else walk.facts.open.push({ prefix: beginningOf(source).slice(0, MAX_SPECIFIER), line: walk.lineAt(source.start) })
}

function add(walk: Walk, source: Node, how: ImportHow, statement = source, isLazy = false): SourceFacts['imports'][number] | null {
  const specifier = textOf(source)
  if (specifier === null || specifier === '' || specifier.length > MAX_SPECIFIER) return null
  const entry = { specifier, line: walk.lineAt(statement.start), endLine: walk.lineAt(source.start), how, isLazy }
  walk.facts.imports.push(entry)
  return entry
}

/** The text of a string, or of a template without expressions. */
function textOf(node: unknown): string | null {
  if (!isNode(node)) return null
  if (node.type === 'Literal') return typeof node['value'] === 'string' ? node['value'] : null
  if (node.type === 'TSLiteralType') return textOf(node['literal'])
  if (node.type !== 'TemplateLiteral' || !Array.isArray(node['expressions']) || node['expressions'].length > 0) return null
  return beginningOf(node)
}

/** What a template, or texts put together, begin with. */
function beginningOf(node: Node): string {
  if (node.type === 'BinaryExpression' && isNode(node['left'])) return textOf(node['left']) ?? beginningOf(node['left'])
  const [first] = node.type === 'TemplateLiteral' && Array.isArray(node['quasis']) ? node['quasis'] : []
  if (!isNode(first)) return ''
  const { value } = first
  return typeof value === 'object' && value !== null && 'cooked' in value && typeof value.cooked === 'string' ? value.cooked : ''
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** The offset at which each line begins. */
function lineStarts(text: string): readonly number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** The line, from 1, that an offset is on. */
function lineOf(starts: readonly number[], offset: number): number {
  let low = 0
  let high = starts.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle
  }
  return low + 1
}
