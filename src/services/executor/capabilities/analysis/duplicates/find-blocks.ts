import { bundlesAmong, fileAt, type FileStarts } from './bundles.ts'
import { LITERALS, LOGIC, PUNCTUATION } from './code-lines.ts'
import type { Lines } from './line-store.ts'
import { classify, type Windows } from './windows.ts'

/** Code that stands in several places, in code lines. */
export interface Block {
  /** Where it begins, as indices into the lines; ascending, without overlaps. */
  readonly starts: readonly number[]
  /** Code lines of each copy. */
  readonly length: number
  readonly tokens: number
}

interface Found {
  /** Those that would save the most lines first. */
  readonly blocks: readonly Block[]
  /** Code lines that are in some block, each counted once. */
  readonly coveredLines: number
  /** Files, by index, that are put together from others; they are left out. */
  readonly bundles: ReadonlySet<number>
  /** False when the search was cut short: some blocks are in pieces. */
  readonly complete: boolean
}

/** Comparisons of one window with the next. Real trees need one or two for each line. */
const MAX_STEPS = 30_000_000
/** Rows of a table in a block, of its lines that say anything, from which on it is a table. */
const TABLE_SHARE = 0.8
/** A block with fewer different lines, as a share of the smallest block, is a pattern that the language or a formatter asks for. */
const MIN_DIFFERENT = 0.5
const NEW_SHARE = 1 / 3

/**
 * Every block of at least `minLines` code lines and `minTokens` tokens that stands in two or more places, each as long as all its copies stay
 * equal; one that lies in larger ones is left out unless it has many copies elsewhere. Linear but for hostile input, which is cut short.
 */
export function findBlocks(lines: Lines, files: FileStarts, minLines: number, minTokens: number): Found {
  const { blocks, complete } = maximal(classify(lines, minLines), minLines)
  const worth = blocks
    .flatMap((block) => trimmed(block, lines, minLines))
    .filter((block) => block.tokens >= minTokens && isCode(block, lines, minLines))
  const kept = withoutNested(worth, lines)
  const bundles = bundlesAmong(kept, files)
  if (bundles.size === 0) return { blocks: kept, coveredLines: covered(worth, lines), bundles, complete }
  const outside = worth.flatMap((block) => {
    const starts = block.starts.filter((start) => !bundles.has(fileAt(files, start)))
    return starts.length > 1 ? [{ ...block, starts }] : []
  })
  return { blocks: withoutNested(outside, lines), coveredLines: covered(outside, lines), bundles, complete }
}

interface Search {
  readonly windows: Windows
  /** By class: its windows lie in a block that was already found. */
  readonly done: Uint8Array
  stepsLeft: number
}

function maximal(windows: Windows, size: number): { blocks: Block[]; complete: boolean } {
  const search: Search = { windows, done: new Uint8Array(windows.count + 1), stepsLeft: MAX_STEPS }
  const blocks: Block[] = []
  for (let seed = 1; seed <= windows.count; seed += 1) {
    if (search.done[seed] === 1) continue
    const members = windows.members(seed)
    const before = reach(search, members, -1)
    const length = before + reach(search, members, 1) + size
    const firsts = Array.from(members, (at) => at - before)
    const starts = apart(firsts, length)
    if (starts.length > 1) blocks.push({ starts, length, tokens: 0 })
  }
  return { blocks, complete: search.stepsLeft > 0 }
}

/** How many windows further the copies go on alike, all of them. */
function reach(search: Search, members: Int32Array, by: 1 | -1): number {
  const { windows, done } = search
  let distance = 0
  while (search.stepsLeft > 0) {
    search.stepsLeft -= members.length
    const next = sharedClass(windows.classes, members, (distance + 1) * by)
    if (next === 0) break
    // As many copies: the same block, met again.
    if (windows.members(next).length === members.length) done[next] = 1
    distance += 1
  }
  return distance
}

/** The class of the windows at this distance from all members, or 0 when they are not all alike. */
function sharedClass(classes: Int32Array, members: Int32Array, distance: number): number {
  const shared = classes[(members[0] ?? 0) + distance] ?? 0
  if (shared === 0) return 0
  for (const member of members) if (classes[member + distance] !== shared) return 0
  return shared
}

/** Copies that overlap are one place where the same few lines go on and on. */
function apart(starts: readonly number[], length: number): number[] {
  return starts.filter((start, index) => index === 0 || start >= (starts[index - 1] ?? 0) + length)
}

/** Without the brackets that close what stands before it. */
function trimmed({ starts, length }: Block, lines: Lines, minLines: number): Block[] {
  const [first = 0] = starts
  let skip = 0
  while (skip < length && lines.kinds[first + skip] === PUNCTUATION) skip += 1
  if (length - skip < minLines) return []
  let tokens = 0
  for (let at = first + skip; at < first + length; at += 1) tokens += lines.tokens[at] ?? 0
  return [{ starts: starts.map((start) => start + skip), length: length - skip, tokens }]
}

function isCode({ starts, length }: Block, { kinds, hashes }: Lines, minLines: number): boolean {
  const [first = 0] = starts
  let logic = 0
  let literals = 0
  for (let at = first; at < first + length; at += 1) {
    if (kinds[at] === LOGIC) logic += 1
    if (kinds[at] === LITERALS) literals += 1
  }
  return literals < TABLE_SHARE * (logic + literals) && new Set(hashes.subarray(first, first + length)).size >= MIN_DIFFERENT * minLines
}

/** Keeps a block when a third of its places is for the most part in no block that saves more: otherwise it is a smaller view of the same copies. */
function withoutNested(blocks: readonly Block[], { count }: Lines): Block[] {
  const taken = new Uint8Array(count)
  const kept: Block[] = []
  for (const block of [...blocks].sort((a, b) => saved(b) - saved(a) || b.length - a.length || (a.starts[0] ?? 0) - (b.starts[0] ?? 0))) {
    const fresh = block.starts.filter((start) => 2 * ones(taken, start, block.length) < block.length)
    if (fresh.length < NEW_SHARE * block.starts.length) continue
    kept.push(block)
    for (const start of block.starts) taken.fill(1, start, start + block.length)
  }
  return kept
}

function covered(blocks: readonly Block[], { count }: Lines): number {
  const isIn = new Uint8Array(count)
  for (const { starts, length } of blocks) for (const start of starts) isIn.fill(1, start, start + length)
  return ones(isIn, 0, count)
}

/** Lines that one copy instead of all would save. */
export function saved({ starts, length }: Block): number {
  return length * (starts.length - 1)
}

function ones(array: Uint8Array, from: number, length: number): number {
  let sum = 0
  for (let at = from; at < from + length; at += 1) sum += array[at] ?? 0
  return sum
}
