/** Whether text contains what a criterion's pattern describes. */
export type TextMatcher = (text: string) => boolean

/**
 * A pattern as a matcher: literal text in which `*` stands for any text; `\*` is a star, `\\` a backslash. The pattern may begin and
 * end anywhere in the text. Takes time in proportion to text and pattern, whatever they are. Null when the pattern asks for nothing.
 */
export function compilePattern(pattern: string): TextMatcher | null {
  const parts = partsOf(pattern).filter((part) => part !== '')
  if (parts.length === 0) return null
  const finders = parts.map(createFinder)
  // The leftmost place of each part leaves the most room for the next, so nothing is ever tried twice.
  return (text) => finders.reduce((from, find) => (from === -1 ? -1 : find(text, from)), 0) !== -1
}

function partsOf(pattern: string): readonly string[] {
  const parts: string[] = ['']
  for (let at = 0; at < pattern.length; at += 1) {
    const next = pattern[at + 1]
    const escaped = pattern[at] === '\\' && (next === '*' || next === '\\')
    if (!escaped && pattern[at] === '*') parts.push('')
    else parts.push(`${parts.pop() ?? ''}${(escaped ? next : pattern[at]) ?? ''}`)
    if (escaped) at += 1
  }
  return parts
}

/** Knuth, Morris and Pratt's search: where the first occurrence from `from` on ends, or -1. */
function createFinder(part: string): (text: string, from: number) => number {
  const fallback = [0]
  for (let at = 1, length = 0; at < part.length; at += 1) {
    while (length > 0 && part[at] !== part[length]) length = fallback[length - 1] ?? 0
    if (part[at] === part[length]) length += 1
    fallback.push(length)
  }
  return (text, from) => {
    let matched = 0
    for (let at = from; at < text.length; at += 1) {
      while (matched > 0 && text[at] !== part[matched]) matched = fallback[matched - 1] ?? 0
      if (text[at] === part[matched]) matched += 1
      if (matched === part.length) return at + 1
    }
    return -1
  }
}
