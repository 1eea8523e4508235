/** Where a member of a JSON object stands in the text. */
export interface Member {
  /** From 1. */
  readonly line: number
  /** Null where it is no text. */
  readonly text: string | null
}

interface Frame {
  readonly isObject: boolean
  /** The key whose value is being read. */
  key: string | null
  awaitsKey: boolean
}

/**
 * The members of a valid JSON text down to `depth` objects, by `memberKey` of the keys that lead there; of a key that is there twice the
 * last one, which is the one that `JSON.parse` keeps. Goes over the text once, and shares nothing with `JSON.parse` but the strings.
 */
export function membersOf(text: string, depth: number): ReadonlyMap<string, Member> {
  const members = new Map<string, Member>()
  const frames: Frame[] = []
  let line = 1
  const note = (value: string | null) => {
    const top = frames.at(-1)
    if (top?.isObject !== true || top.key === null || frames.length > depth) return
    if (frames.every((frame) => frame.isObject)) members.set(memberKey(...frames.map(({ key }) => key ?? '')), { line, text: value })
  }
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]
    const top = frames.at(-1)
    if (char === '\n') line += 1
    else if (char === '"') {
      const end = endOfString(text, at)
      if (frames.length <= depth) {
        const value = decoded(text.slice(at, end + 1))
        if (top?.awaitsKey === true) top.key = value
        else note(value)
      }
      at = end
    } else if (char === ':' && top) top.awaitsKey = false
    else if (char === ',' && top) top.awaitsKey = top.isObject
    else if (char === '{' || char === '[') {
      note(null)
      frames.push({ isObject: char === '{', key: null, awaitsKey: char === '{' })
    } else if (char === '}' || char === ']') frames.pop()
  }
  return members
}

/** The name of a member among those of `membersOf`. */
export function memberKey(...keys: readonly string[]): string {
  return JSON.stringify(keys)
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}

function decoded(token: string): string {
  try {
    return String(JSON.parse(token))
  } catch {
    return token.slice(1, -1)
  }
}
