import * as z from 'zod'
import { ControllerError } from '../../../../errors.ts'
import type { Finding } from '../../../../model/report.ts'
import { analysisPath, defineAnalysis } from './define-analysis.ts'
import type { ExecutionContext } from '../../executor.ts'
import { segmentsOf } from '../../safe-path.ts'
import { count } from '../arguments.ts'
import { isFixture, isTest, leftOutByPath, leftOutByText } from './file-kind.ts'
import { analysisOutput, asEvidence, byText, inOrder, named, showLine } from './finding.ts'
import { groupedBy, sharedOut } from './groups.ts'
import { contentKey, openFileCache } from './file-cache.ts'
import { Diagnostic, findOxlint, runOxlint, versionOf } from './oxlint-program.ts'
import { outputFolders } from './output-folders.ts'
import { filesBelow } from './tree.ts'
import type { WalkedFile } from '../../workspace-files.ts'
import { linesOf, MAX_FILE_BYTES, readText } from './text-files.ts'

const SOURCE = /\.[cm]?[jt]sx?$/
const MAX_FILES = 100_000
const MAX_TITLE = 150
const MAX_MARKED = 200
/** Plugin and rule: `eslint(no-debugger)`. */
const CODE = /^([\w-]{1,40})\(([\w/-]{1,80})\)$/

const WHY: Readonly<Record<string, string>> = {
  'lint.eslint.no-debugger': 'The program stops there wherever a debugger is attached.',
  'lint.eslint.no-eval': 'It runs whatever the text says, and no tool can look into it.',
  'lint.eslint.no-unused-vars': 'Whoever reads it looks for a use that is not there; it may be a forgotten one.',
  'lint.eslint.use-isnan': 'Nothing equals NaN, so the comparison is always false.',
}
const UNUSED = 'lint.eslint.no-unused-vars'
/** They hold no code that runs. */
const DECLARATION = /\.d\.[cm]?ts$/
const COMMENT_LINE = /^\s*(?:\/\/|\/?\*)/

/** Raise it with the rules, or what is kept of an answer. */
const CACHE_VERSION = 2

const Args = z.strictObject({
  path: analysisPath,
  maxFindings: count(1, 10_000).default(300).describe('Findings returned at most, shared out between the rules; the counts are of all.'),
})

const Output = z.strictObject({
  path: z.string(),
  /** Files that oxlint was given. */
  files: z.number().int(),
  /** Places by rule, also beyond `maxFindings`. */
  counts: z.record(z.string(), z.number().int()),
  truncated: z.boolean(),
  ...analysisOutput,
})
type Output = z.infer<typeof Output>

/**
 * What oxlint, where it is installed beside the controller, finds wrong or useless in JavaScript and TypeScript. Neither the configuration
 * nor the packages of the workspace are used.
 */
export const oxlint = defineAnalysis({
  name: 'oxlint',
  title: 'Lint with oxlint',
  description:
    'Runs oxlint with the rules of its category correctness over JavaScript and TypeScript outside of generated, vendored and fixture files. ' +
    'Needs the optional package oxlint beside planner-exec; uses no configuration and no program of the workspace.',
  args: Args,
  output: Output,
  run: (args, context) => runLint(args, context, findOxlint()),
})

/** The same with a given program; null: there is none. */
export async function runLint({ path, maxFindings }: z.output<typeof Args>, context: ExecutionContext, program: string | null): Promise<Output> {
  if (program === null)
    throw new ControllerError('CAPABILITY_UNAVAILABLE', 'analysis.oxlint.v1 cannot run here: oxlint is not installed beside planner-exec.', {
      hint: 'Install it where planner-exec is: `npm install oxlint`.',
    })
  const files = await sourcesBelow(path, context)
  const told = await lintAnew(program, files, context)
  const { places, unparsed } = await located(told, new Set(files), context)
  const kept = sharedOut(places, maxFindings)
  const cut = places.length - kept.length
  return {
    path,
    files: files.length,
    counts: countsOf(places),
    truncated: cut > 0,
    findings: await confirmed(kept, context),
    notExamined: [
      ...(files.length === MAX_FILES ? [`lint rules in files after the first ${MAX_FILES}`] : []),
      ...(unparsed.length === 0 ? [] : [`lint rules in files that oxlint cannot parse: ${named(unparsed)}`]),
      ...(cut === 0 ? [] : [`${cut} more places that oxlint told of, beyond maxFindings (${maxFindings})`]),
    ],
  }
}

/** What oxlint says of these files; it looks at each by itself, so those that it has seen as they are need not be shown again. */
async function lintAnew(program: string, files: readonly string[], context: ExecutionContext): Promise<Diagnostic[]> {
  const cache = await openFileCache(context, { name: 'oxlint', version: CACHE_VERSION, facts: z.array(Diagnostic) })
  const told: Diagnostic[] = []
  const unseen = new Map<string, string>()
  const version = versionOf(program)
  for (const file of files) {
    const key = contentKey((await readText(context, file)) ?? '', `${version} ${file}`)
    const known = cache.get(key)
    if (known === undefined) unseen.set(file, key)
    else told.push(...known)
    context.heartbeat()
  }
  const found = unseen.size === 0 ? [] : await runOxlint(program, [...unseen.keys()], context)
  const byFile = groupedBy(found, fileOf)
  for (const [file, key] of unseen) cache.set(key, byFile.get(file) ?? [])
  await cache.save()
  return [...told, ...found]
}

/** As it was given, whatever oxlint made of it. */
function fileOf({ filename }: Diagnostic): string {
  return filename.replaceAll('\\', '/').replace(/^\.\//, '')
}

async function sourcesBelow(path: string, context: ExecutionContext): Promise<string[]> {
  const files: string[] = []
  const walked: WalkedFile[] = []
  const start = segmentsOf(context, path).join('/') || '.'
  for await (const file of filesBelow(start, context)) walked.push(file)
  const isOutput = outputFolders(walked.map((file) => file.path))
  for (const file of walked) {
    context.heartbeat()
    if (files.length === MAX_FILES) break
    const isWritten = leftOutByPath(file.path) === null && !isOutput(file.path) && !isFixture(file.path)
    if (isWritten && SOURCE.test(file.path) && !DECLARATION.test(file.path) && file.bytes <= MAX_FILE_BYTES) files.push(file.path)
  }
  return files
}

/** A place that oxlint told of, and that is there. */
interface Place {
  readonly rule: string
  readonly file: string
  readonly line: number
  readonly evidence: string
  readonly marked: string
  readonly diagnostic: Diagnostic
}

/** What is told of files that were given, where the bytes it marks are on the line it names. */
async function located(told: readonly Diagnostic[], given: ReadonlySet<string>, context: ExecutionContext) {
  const places: Place[] = []
  const unparsed: string[] = []
  const named = told.map((diagnostic) => ({ file: fileOf(diagnostic), diagnostic }))
  const ofGiven = named.filter(({ file }) => given.has(file))
  for (const [file, ofFile] of [...groupedBy(ofGiven, ({ file }) => file)].sort(([a], [b]) => byText(a, b))) {
    const text = await readText(context, file)
    context.heartbeat()
    if (text === null || leftOutByText(file, text) !== null) continue
    if (ofFile.some(({ diagnostic }) => diagnostic.code === undefined)) unparsed.push(file)
    else places.push(...placesIn(file, text, ofFile))
  }
  return { places, unparsed }
}

function placesIn(file: string, text: string, told: readonly { readonly diagnostic: Diagnostic }[]): Place[] {
  const bytes = Buffer.from(text)
  const lines = linesOf(text)
  const starts = [0]
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) starts.push(at + 1)
  const places = told.flatMap(({ diagnostic }): Place[] => {
    const [, plugin, rule] = CODE.exec(diagnostic.code ?? '') ?? []
    const span = diagnostic.labels[0]?.span
    const evidence = lines[(span?.line ?? 0) - 1]
    if (plugin === undefined || rule === undefined || span === undefined || evidence === undefined) return []
    if (span.offset < (starts[span.line - 1] ?? Infinity) || span.offset >= (starts[span.line] ?? Infinity)) return []
    const marked = bytes.toString('utf8', span.offset, span.offset + Math.min(span.length, MAX_MARKED))
    const id = `lint.${plugin}.${rule.replaceAll('/', '.')}`
    return [{ rule: id, file, line: span.line, evidence: asEvidence(evidence), marked, diagnostic }]
  })
  // Two rules, or two names, on a line are two places; the same thing told twice is one.
  return [...new Map(places.map((place) => [`${place.rule}:${place.line}:${place.diagnostic.message}`, place])).values()].sort(
    (a, b) => a.line - b.line || byText(a.rule, b.rule) || byText(a.diagnostic.message, b.diagnostic.message),
  )
}

/** Reads every file again: a line that is no longer the same is dropped. */
async function confirmed(places: readonly Place[], context: ExecutionContext): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [file, ofFile] of groupedBy(places, (place) => place.file)) {
    const text = await readText(context, file)
    context.heartbeat()
    const lines = text === null ? [] : linesOf(text)
    for (const place of ofFile) {
      const line = lines[place.line - 1]
      if (text !== null && line !== undefined && asEvidence(line) === place.evidence)
        findings.push(...toFinding(place, text, lines[place.line - 2] ?? ''))
    }
  }
  return inOrder(findings)
}

/** None where the file itself speaks against it: a name that is somewhere else in it, if only in a comment, or a line that a comment explains. */
function toFinding({ rule, file, line, evidence, marked, diagnostic: { message, help, url } }: Place, text: string, above: string): Finding[] {
  const isSure = isCertain(rule, message, marked, text)
  if (!isSure && (rule === UNUSED || COMMENT_LINE.test(above))) return []
  return [
    {
      rule,
      // Tests do odd things on purpose.
      severity: isTest(file) ? 'info' : 'low',
      confidence: isSure ? 'verified' : 'heuristic',
      title: shortened(message),
      file,
      line,
      evidence,
      why: WHY[rule] ?? 'By a rule that oxlint counts to correctness.',
      fix: [sentence(help ?? 'See what the rule asks for'), url].filter(Boolean).join(' '),
      command: showLine(file, line),
    },
  ]
}

/** Rules that plain text can confirm: a name that is nowhere else in the file is not used in it. */
function isCertain(rule: string, message: string, marked: string, text: string): boolean {
  if (rule === 'lint.eslint.no-debugger') return /^debugger\b/.test(marked)
  const name = rule === UNUSED ? /'([\w$]{1,100})'/.exec(message)?.[1] : undefined
  if (name === undefined || marked !== name) return false
  const first = text.indexOf(name)
  if (first === -1) return false
  // The path of the import may hold the name, and is no use of it.
  const specifier = /^[^'"\n]{0,300}from\s+(['"])[^'"]*\1/.exec(text.slice(first))?.[0] ?? name
  return !text.slice(0, first).includes(name) && !text.slice(first + Math.max(specifier.length, name.length)).includes(name)
}

function countsOf(places: readonly Place[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const { rule } of places) counts.set(rule, (counts.get(rule) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a], [b]) => byText(a, b)))
}

function shortened(message: string): string {
  const [first = ''] = message.split(/\n|\.(?=\s|$)/)
  const chars = [...first.trim()]
  return chars.length > MAX_TITLE ? `${chars.slice(0, MAX_TITLE - 1).join('')}…` : chars.join('')
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
