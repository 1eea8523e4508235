/** A text with escapes and line breaks taken out, and where its characters come from. */
export interface DecodedText {
  readonly text: string
  /** The place in the original of the character at `at`. */
  origin(at: number): number
  /** The place in the original where the character before `end` ends. */
  originOfEnd(end: number): number
}

/**
 * Percent-encoded bytes, `\u0041`, `\/`, and a line break, real or as `\n`, within a long run of characters that base 64 and tokens
 * consist of. Nothing here can look further than a few dozen characters, so the time is proportional to the text.
 */
const ESCAPE =
  /%[0-9A-Fa-f]{2}|\\u00[0-7][0-9A-Fa-f]|\\\/|(?:=|=3[Dd])?(?:\\r)?\\n(?=[\w+/=-]{2})(?<=[\w+/-]{16}(?:=|=3[Dd])?(?:\\r)?\\n)|=?\r?\n[ \t]{0,16}(?=[\w+/=-]{2})(?<=[\w+/-]{16}=?\r?\n[ \t]{0,16})/g

/** The text as it reads when it is decoded once; null when there is nothing to decode, as in most texts. */
export function decodedText(text: string): DecodedText | null {
  const pieces: string[] = []
  /** Places in the decoded text from which on the origin is moved by the shift of the same index. */
  const places: number[] = [0]
  const shifts: number[] = [0]
  let [copied, length] = [0, 0]
  for (const match of text.matchAll(ESCAPE)) {
    const [escape] = match
    const plain = decodedEscape(escape)
    pieces.push(text.slice(copied, match.index), plain)
    length += match.index - copied + plain.length
    copied = match.index + escape.length
    places.push(length)
    shifts.push(copied - length)
  }
  if (copied === 0) return null
  pieces.push(text.slice(copied))
  const origin = (at: number) => at + (shifts[lastAtMost(places, at)] ?? 0)
  return {
    text: pieces.join(''),
    origin,
    originOfEnd: (end) => {
      const last = lastAtMost(places, end - 1)
      const start = origin(end - 1)
      // No line break is taken out behind either sign: what ends here is an escape.
      const isEscape = places[last + 1] === end && (text[start] === '%' || text[start] === '\\')
      return isEscape ? end + (shifts[last + 1] ?? 0) : start + 1
    },
  }
}

function decodedEscape(escape: string): string {
  if (escape.startsWith('%')) return String.fromCharCode(Number.parseInt(escape.slice(1), 16))
  if (escape.startsWith('\\u')) return String.fromCharCode(Number.parseInt(escape.slice(2), 16))
  return escape === '\\/' ? '/' : ''
}

/** The index of the last of the ascending numbers that is not above `limit`. */
function lastAtMost(numbers: readonly number[], limit: number): number {
  let [low, high] = [0, numbers.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((numbers[middle] ?? 0) <= limit) low = middle
    else high = middle - 1
  }
  return low
}
