/** So many files that stand in one other file as a whole make that a bundle: nobody copies ten files by hand into one. */
const MIN_PARTS = 10
/** Of a file's code lines; a bundler leaves out imports, and renames what would clash. */
const PART_SHARE = 0.6
/** Blocks in more files say nothing about which is made of which. */
const MAX_FILES = 8

/** Equal stretches of code lines: where each begins, and their length. */
interface Copies {
  readonly starts: readonly number[]
  readonly length: number
}

/** Where the code lines of each file begin, ascending, with the end of the last. */
export type FileStarts = readonly number[]

/** The files, by index, that are put together from at least ten others of the tree. */
export function bundlesAmong(blocks: readonly Copies[], starts: FileStarts): ReadonlySet<number> {
  const shared = new Map<string, { readonly whole: number; readonly part: number; lines: number }>()
  for (const { starts: places, length } of blocks) {
    const files = [...new Set(places.map((place) => fileAt(starts, place)))]
    if (files.length < 2 || files.length > MAX_FILES) continue
    for (const whole of files) {
      for (const part of files) {
        if (sizeOf(starts, whole) < 2 * sizeOf(starts, part)) continue
        const known = shared.get(`${whole}:${part}`)
        if (known) known.lines += length
        else shared.set(`${whole}:${part}`, { whole, part, lines: length })
      }
    }
  }
  const parts = new Map<number, number>()
  for (const { whole, part, lines } of shared.values()) {
    if (lines >= PART_SHARE * sizeOf(starts, part)) parts.set(whole, (parts.get(whole) ?? 0) + 1)
  }
  return new Set([...parts].flatMap(([file, count]) => (count >= MIN_PARTS ? [file] : [])))
}

/** The file that a code line is in. */
export function fileAt(starts: FileStarts, line: number): number {
  let low = 0
  let high = starts.length - 2
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] ?? 0) <= line) low = middle
    else high = middle - 1
  }
  return low
}

function sizeOf(starts: FileStarts, file: number): number {
  return (starts[file + 1] ?? 0) - (starts[file] ?? 0)
}
