import * as z from 'zod'

const line = z.number().int().min(1)

/** How a module asks for another: `type` is erased by the compiler, `dynamic` is `import()`, `require` is CommonJS. */
export const ImportHow = z.enum(['value', 'type', 'dynamic', 'require'])
export type ImportHow = z.infer<typeof ImportHow>

/** What the parser says of one source file. */
export const SourceFacts = z.strictObject({
  /** `line` is where the statement begins, `endLine` where it names the module. Lazy: a call in a function, which runs when that does. */
  imports: z.array(z.strictObject({ specifier: z.string(), line, endLine: line, how: ImportHow, isLazy: z.boolean() })),
  /** Imports whose target is computed: the fixed text it begins with, `./plugins/` or ``. */
  open: z.array(z.strictObject({ prefix: z.string(), line })),
  /** Functions of at least `MIN_FUNCTION_LINES` lines, nested ones too. */
  functions: z.array(z.strictObject({ name: z.string(), line, endLine: line, column: z.number().int().min(0), isCallback: z.boolean() })),
  /** Lines with an explicit `any` type; one entry each. */
  anyTypes: z.array(line),
  /** Whether anything is left to run once types and imports are gone. */
  hasCode: z.boolean(),
  /** What is wrong with the syntax; null when nothing is. The rest then is what could be understood. */
  problem: z.string().nullable(),
})
export type SourceFacts = z.infer<typeof SourceFacts>

/** Shorter functions are nobody's concern, and would only be carried about. */
export const MIN_FUNCTION_LINES = 50

/** What the reader is asked: to parse files, or to resolve what files import. One JSON value on its standard input. */
export const ReaderTask = z.discriminatedUnion('task', [
  z.strictObject({ task: z.literal('parse'), files: z.array(z.strictObject({ path: z.string(), text: z.string() })) }),
  z.strictObject({
    task: z.literal('resolve'),
    /** Absolute, real path. */
    workspace: z.string(),
    /** Paths relative to the workspace. */
    files: z.array(z.strictObject({ path: z.string(), specifiers: z.array(z.string()) })),
    packages: z.array(z.strictObject({ name: z.string(), folder: z.string() })),
  }),
])
export type ReaderTask = z.infer<typeof ReaderTask>

/** Where a specifier leads: a path relative to the workspace, a package, a module of Node, or nowhere. */
export const ImportTarget = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), path: z.string() }),
  z.strictObject({ kind: z.literal('package'), name: z.string() }),
  z.strictObject({ kind: z.literal('builtin') }),
  z.strictObject({ kind: z.literal('unresolved') }),
])
export type ImportTarget = z.infer<typeof ImportTarget>

/** The answer for one file that was to be resolved: a line of JSON on the reader's standard output. For one that was parsed it is its facts. */
export const ResolvedLine = z.array(ImportTarget)
