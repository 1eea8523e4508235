import { createHash } from 'node:crypto'
import type { ExecutionContext } from '../../../executor.ts'
import { groupedBy } from '../groups.ts'
import { languageOf } from '../languages.ts'
import { COMMENT, maskOf, STRING } from '../mask.ts'
import { linesOf, readText } from '../text-files.ts'

/** Lines of a file, both ends included, from 1. */
export interface Place {
  readonly file: string
  readonly from: number
  readonly to: number
}

/**
 * Reads the places once more, from the disk and as text instead of as hashes of lines: for each a digest of its lines without comments, blank
 * lines and indentation. Places with one digest are equal, line by line. A place that is gone by now has none. Each file is read once.
 */
export async function digestsOf(places: Iterable<Place>, context: ExecutionContext): Promise<ReadonlyMap<Place, string>> {
  const digests = new Map<Place, string>()
  for (const [file, ofFile] of groupedBy(places, (place) => place.file)) {
    const { syntax } = languageOf(file)
    const text = await readText(context, file)
    context.heartbeat()
    if (text === null || syntax === null) continue
    const lines = linesOf(withoutComments(text, maskOf(text, syntax)))
    for (const place of ofFile) if (place.to <= lines.length) digests.set(place, digest(lines.slice(place.from - 1, place.to)))
  }
  return digests
}

function digest(lines: readonly string[]): string {
  const hash = createHash('sha256')
  for (const line of lines) {
    const trimmed = line.trim()
    if (trimmed !== '') hash.update(trimmed).update('\n')
  }
  return hash.digest('base64')
}

/** With one blank for each comment, and for each stretch of blanks outside strings; line ends stay. */
function withoutComments(text: string, mask: Uint8Array): string {
  const parts: string[] = []
  for (let at = 0; at < text.length;) {
    const isComment = mask[at] === COMMENT
    const isString = mask[at] === STRING
    let end = at + 1
    while (end < text.length && (mask[end] === COMMENT) === isComment && (mask[end] === STRING) === isString) end += 1
    const part = text.slice(at, end)
    parts.push(isString ? part : isComment ? part.replace(/[^\n]+/g, ' ') : part.replace(/[^\S\n]+/g, ' '))
    at = end
  }
  return parts.join('').replace(/ {2,}/g, ' ')
}
