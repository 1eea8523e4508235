import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { Finding } from '../../../../model/report.ts'
import { analysisPath, defineAnalysis } from './define-analysis.ts'
import type { ExecutionContext } from '../../executor.ts'
import { fileAt, type FileStarts } from './duplicates/bundles.ts'
import { readCodeLines } from './duplicates/code-lines.ts'
import { type Block, findBlocks, saved } from './duplicates/find-blocks.ts'
import { createLineStore, type Lines, type LineStore } from './duplicates/line-store.ts'
import { digestsOf, type Place } from './duplicates/second-reading.ts'
import { contentKey, openFileCache } from './file-cache.ts'
import { isFixture, isTest } from './file-kind.ts'
import { analysisOutput, byText, inOrder, named, shellPath } from './finding.ts'
import { lookAtFiles, type TextFile } from './text-files.ts'

const MAX_FILES = 100_000
/** About 60 MB while they are compared. */
const MAX_LINES = 2_000_000
/** Lines that one copy instead of all would save, from which on duplication is a problem of its own: ten of the smallest blocks. */
const LARGE = 100
/** Shorter blocks in many places are mostly what a language or a library asks for, such as overloads. */
const LARGE_LINES = 20
const NAMED_PLACES = 8

/** Raise it when the same texts give something else. */
const CACHE_VERSION = 1

const Args = z.strictObject({
  path: analysisPath,
  // SonarQube: 10 lines and 100 tokens; jscpd: 5 lines and 50 tokens; CPD leaves it to its user. At 50 most of what is found are idioms, at 100
  // copied methods of short lines are missed.
  minLines: z.number().int().min(3).max(1_000).default(10).describe('Lines of code, without blank lines and comments, that a block has at least.'),
  minTokens: z.number().int().min(1).max(100_000).default(70).describe('Words, numbers, strings and signs that a block has at least.'),
  maxFindings: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe('Blocks returned at most, those that would save the most lines; totals are of all.'),
})

const Output = z.strictObject({
  path: z.string(),
  /** Source files that were compared with each other and themselves. */
  files: z.number().int(),
  /** Their lines of code, without blank lines, comments and imports. */
  codeLines: z.number().int(),
  totals: z.strictObject({
    blocks: z.number().int(),
    /** Lines of code that stand in some block, in all its places; each counted once. */
    duplicatedLines: z.number().int(),
    /** Of `codeLines`, from 0 to 1. */
    share: z.number(),
  }),
  truncated: z.boolean(),
  ...analysisOutput,
})
type Output = z.infer<typeof Output>

/** Code that was copied. */
export const duplicates = defineAnalysis({
  name: 'duplicates',
  title: 'Duplicated code',
  description:
    'Finds blocks of code that stand in several places, equal but for comments and white space, in every language whose comments are known. ' +
    'Leaves out imports, tables of literals, generated, vendored and fixture files.',
  args: Args,
  output: Output,
  run,
})

/** What is said depends on nothing but the texts, so that of the same texts the same need not be found out again. */
async function run(args: z.output<typeof Args>, context: ExecutionContext): Promise<Output> {
  const cache = await openFileCache(context, { name: 'duplicates', version: CACHE_VERSION, facts: Output })
  const key = contentKey(JSON.stringify(args), await digestOfTree(args.path, context))
  const known = cache.get(key)
  if (known !== undefined) return known
  const output = await findDuplicates(args, context)
  cache.set(key, output)
  await cache.save()
  return output
}

async function digestOfTree(path: string, context: ExecutionContext): Promise<string> {
  const digest = createHash('sha256')
  for await (const looked of lookAtFiles(context, { path, maxFiles: MAX_FILES })) {
    digest.update(JSON.stringify([looked.path, looked.kind]))
    if (looked.kind === 'text') digest.update(looked.text)
    else if (looked.kind === 'skipped') digest.update(looked.reason)
  }
  return digest.digest('base64')
}

async function findDuplicates({ path, minLines, minTokens, maxFindings }: z.output<typeof Args>, context: ExecutionContext): Promise<Output> {
  const tree = await readTree(path, context)
  const lines = tree.store.lines()
  const starts = [...tree.files.map(({ start }) => start), lines.count]
  const { blocks, coveredLines, bundles, complete } = findBlocks(lines, starts, minLines, minTokens)
  context.heartbeat()
  const kept = blocks.slice(0, maxFindings)
  return {
    path,
    files: tree.files.length,
    codeLines: lines.count,
    totals: { blocks: blocks.length, duplicatedLines: coveredLines, share: lines.count === 0 ? 0 : Number((coveredLines / lines.count).toFixed(4)) },
    truncated: kept.length < blocks.length,
    findings: inOrder(await confirmed(kept, (block) => placesOf(block, lines, tree.files, starts), context)),
    notExamined: [
      ...tree.notExamined,
      ...(bundles.size === 0
        ? []
        : [`duplicates in files that are put together from others: ${named([...bundles].map((file) => tree.files[file]?.path ?? '').sort(byText))}`]),
      ...(complete ? [] : ['some duplicated blocks are reported in pieces: there was too much repetition to follow each to its ends']),
      ...(kept.length < blocks.length ? [`${blocks.length - kept.length} more duplicated blocks beyond maxFindings (${maxFindings})`] : []),
    ],
  }
}

interface Tree {
  readonly store: LineStore
  /** With the index of each file's first line. */
  readonly files: readonly { readonly path: string; readonly start: number }[]
  readonly notExamined: readonly string[]
}

async function readTree(path: string, context: ExecutionContext): Promise<Tree> {
  const store = createLineStore()
  const files: { path: string; start: number }[] = []
  const skipped: string[] = []
  const beyond: string[] = []
  const notExamined: string[] = []
  const onTruncated = () => notExamined.push(`duplicates after the first ${MAX_FILES} files`)
  for await (const looked of lookAtFiles(context, { path, maxFiles: MAX_FILES, onTruncated })) {
    if (looked.kind === 'skipped') skipped.push(looked.path)
    if (looked.kind !== 'text' || !isSource(looked) || looked.language.syntax === null) continue
    if (store.count + looked.bytes > MAX_LINES && store.count + newlines(looked.text) > MAX_LINES) {
      beyond.push(looked.path)
      continue
    }
    files.push({ path: looked.path, start: store.count })
    readCodeLines(looked.text, looked.language.syntax, store)
    store.gap()
  }
  if (skipped.length > 0) notExamined.push(`duplicates in files that were skipped: ${named(skipped)}`)
  if (beyond.length > 0) notExamined.push(`duplicates beyond ${MAX_LINES} lines of code: ${named(beyond)}`)
  return { store, files, notExamined }
}

function isSource({ path, language }: TextFile): boolean {
  return (language.kind === 'code' || language.kind === 'style') && !isFixture(path)
}

function newlines(text: string): number {
  let count = 1
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1
  return count
}

/** The blocks whose places are equal when they are read again; places that no longer are equal to most are left out. */
async function confirmed(blocks: readonly Block[], locate: (block: Block) => Place[], context: ExecutionContext): Promise<Finding[]> {
  const located = blocks.map((block) => ({ block, places: locate(block) }))
  const digests = await digestsOf(
    located.flatMap(({ places }) => places),
    context,
  )
  return located.flatMap(({ block, places }) => {
    const same = largestGroup(places, digests)
    return same.length > 1 ? [toFinding(block, same)] : []
  })
}

/** The places with the digest that most have; of equally many the first. */
function largestGroup(places: readonly Place[], digests: ReadonlyMap<Place, string>): Place[] {
  const groups = new Map<string, Place[]>()
  for (const place of places) {
    const digest = digests.get(place)
    if (digest === undefined) continue
    const known = groups.get(digest)
    if (known) known.push(place)
    else groups.set(digest, [place])
  }
  return [...groups.values()].reduce<Place[]>((largest, group) => (group.length > largest.length ? group : largest), [])
}

function placesOf({ starts, length }: Block, { numbers }: Lines, files: Tree['files'], fileStarts: FileStarts): Place[] {
  return starts.map((start) => ({
    file: files[fileAt(fileStarts, start)]?.path ?? '',
    from: numbers[start] ?? 1,
    to: numbers[start + length - 1] ?? 1,
  }))
}

function toFinding(block: Block, places: readonly Place[]): Finding {
  const [first, second] = places
  const onlyTests = places.every(({ file }) => isTest(file))
  const saves = saved({ ...block, starts: block.starts.slice(0, places.length) })
  return {
    rule: 'duplicates.block',
    severity: onlyTests ? 'info' : saves >= LARGE && block.length >= LARGE_LINES ? 'medium' : 'low',
    confidence: 'verified',
    title: onlyTests ? 'Duplicated test code' : 'Duplicated code',
    file: first?.file ?? null,
    line: first?.from ?? null,
    evidence: `${block.length} lines (${block.tokens} tokens) in ${places.length} places, one copy saves ${saves}: ${named(places.map(asText), NAMED_PLACES)}`,
    why: 'A change or a repair in one place is easily forgotten in the others.',
    fix: 'Keep one copy that the others use.',
    command: [first, second].flatMap((place) => (place === undefined ? [] : [show(place)])).join('; '),
  }
}

function asText({ file, from, to }: Place): string {
  return `${file}:${from}-${to}`
}

function show({ file, from, to }: Place): string {
  return `sed -n '${from},${to}p' ${shellPath(file)}`
}
