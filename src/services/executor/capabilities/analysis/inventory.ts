import * as z from 'zod'
import type { Finding } from '../../../../model/report.ts'
import { analysisPath, defineAnalysis } from './define-analysis.ts'
import type { ExecutionContext } from '../../executor.ts'
import { isFixture, isTest } from './file-kind.ts'
import { analysisOutput, byText, inOrder, named, shellPath } from './finding.ts'
import { linesOf, lookAtFiles, type Looked, readText, type TextFile } from './text-files.ts'

/** Source files above this are worth a look; the reference analysis used the same number. */
const OVERSIZED_LINES = 600
const LARGEST = 10

const Args = z.strictObject({
  path: analysisPath,
  maxFiles: z.number().int().min(1).max(1_000_000).default(100_000).describe('Stops after so many files and says so.'),
})

const Counts = { files: z.number().int(), lines: z.number().int(), bytes: z.number().int() }

const Output = z.strictObject({
  path: z.string(),
  /** Every file that was met, whatever became of it. */
  files: z.number().int(),
  /** Text that people wrote. Lines are exact; a last line without an end counts. */
  text: z.strictObject(Counts),
  languages: z.array(z.strictObject({ language: z.string(), kind: z.string(), ...Counts })),
  leftOut: z.strictObject({ vendored: z.number().int(), generated: z.number().int(), lock: z.number().int(), binary: z.number().int() }),
  skippedFiles: z.number().int(),
  /** The first 100 of them. */
  skipped: z.array(z.strictObject({ path: z.string(), bytes: z.number(), reason: z.string() })),
  largest: z.array(z.strictObject({ path: z.string(), language: z.string(), lines: z.number().int(), bytes: z.number().int() })),
  truncated: z.boolean(),
  ...analysisOutput,
})
type Output = z.infer<typeof Output>

interface Measured {
  readonly file: Pick<TextFile, 'path' | 'bytes' | 'language'>
  readonly lines: number
}

/** What there is: files and lines by language. */
export const inventory = defineAnalysis({
  name: 'inventory',
  title: 'Inventory',
  description: 'Counts files and exact lines by language, leaving out generated, vendored, lock and binary files, and finds oversized source files.',
  args: Args,
  output: Output,
  run,
})

async function run({ path, maxFiles }: z.output<typeof Args>, context: ExecutionContext): Promise<Output> {
  const measured: Measured[] = []
  const others: Exclude<Looked, TextFile>[] = []
  let truncated = false
  for await (const looked of lookAtFiles(context, { path, maxFiles, onTruncated: () => (truncated = true) })) {
    if (looked.kind === 'text')
      measured.push({ file: { path: looked.path, bytes: looked.bytes, language: looked.language }, lines: countLines(looked.text) })
    else others.push(looked)
  }
  const bySize = [...measured].sort((a, b) => b.lines - a.lines || byText(a.file.path, b.file.path))
  const skipped = others.flatMap((looked) => (looked.kind === 'skipped' ? [{ path: looked.path, bytes: looked.bytes, reason: looked.reason }] : []))
  const leftOut = (why: string) => others.filter((looked) => looked.kind === 'left-out' && looked.why === why).length
  return {
    path,
    files: measured.length + others.length,
    text: total(measured),
    languages: byLanguage(measured),
    leftOut: { vendored: leftOut('vendored'), generated: leftOut('generated'), lock: leftOut('lock'), binary: leftOut('binary') },
    skippedFiles: skipped.length,
    skipped: skipped.slice(0, 100),
    largest: bySize.slice(0, LARGEST).map(({ file, lines }) => ({ path: file.path, language: file.language.name, lines, bytes: file.bytes })),
    truncated,
    findings: inOrder(await oversized(bySize, context)),
    notExamined: notExamined(skipped, truncated, maxFiles),
  }
}

function countLines(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1
  return text === '' || text.endsWith('\n') ? lines : lines + 1
}

function total(measured: readonly Measured[]): Output['text'] {
  return {
    files: measured.length,
    lines: measured.reduce((sum, { lines }) => sum + lines, 0),
    bytes: measured.reduce((sum, { file }) => sum + file.bytes, 0),
  }
}

function byLanguage(measured: readonly Measured[]): Output['languages'] {
  const languages = new Map<string, Measured[]>()
  for (const item of measured) {
    const known = languages.get(item.file.language.name)
    if (known) known.push(item)
    else languages.set(item.file.language.name, [item])
  }
  return [...languages]
    .map(([language, items]) => ({ language, kind: items[0]?.file.language.kind ?? 'data', ...total(items) }))
    .sort((a, b) => b.lines - a.lines || byText(a.language, b.language))
}

async function oversized(bySize: readonly Measured[], context: ExecutionContext): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const { file, lines } of bySize) {
    if (lines <= OVERSIZED_LINES) break
    if ((file.language.kind !== 'code' && file.language.kind !== 'style') || isFixture(file.path)) continue
    // Counted again, from the disk and in another way: a file that changed meanwhile is not reported.
    const again = await readText(context, file.path)
    if (again === null || linesOf(again).length !== lines) continue
    findings.push(oversizedFinding(file.path, lines))
  }
  return findings
}

function oversizedFinding(path: string, lines: number): Finding {
  return {
    rule: 'size.large-file',
    severity: isTest(path) ? 'info' : 'low',
    confidence: 'verified',
    title: isTest(path) ? 'Large test file' : 'Large source file',
    file: path,
    line: null,
    evidence: `${lines} lines; ${OVERSIZED_LINES} is the threshold`,
    why: `Files of more than ${OVERSIZED_LINES} lines take long to understand, and edits in them collide.`,
    fix: 'Split the file along its responsibilities.',
    command: `grep -c '' ${shellPath(path)}`,
  }
}

function notExamined(skipped: Output['skipped'], truncated: boolean, maxFiles: number): string[] {
  const reasons = [...new Set(skipped.map(({ reason }) => reason))].sort(byText)
  return [
    ...reasons.map((reason) => `skipped, because ${reason}: ${named(skipped.filter((file) => file.reason === reason).map((file) => file.path))}`),
    ...(truncated ? [`everything after the first ${maxFiles} files (maxFiles)`] : []),
  ]
}
