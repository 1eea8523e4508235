/** Characters of one merged line, so that merging never makes a line that would be cut. */
const MAX_LINE = 500
// A colon in a code span or in brackets parts nothing.
const WITH_REASON = /^([^`():]{1,300}): (\S.*)$/

/**
 * Notes of the form `what: reason`. Those that say the same, but for white space and the last stop, are said once; those of one reason
 * become one line, `this; that: reason`, where the first of them stood. Others stay as they are.
 */
export function mergedByReason(notes: readonly string[]): string[] {
  const said = new Set<string>()
  const byReason = new Map<string, string[]>()
  for (const note of notes) {
    const plain = note.replace(/\s+/g, ' ').trim()
    const key = plain.replace(/\.$/, '')
    if (said.has(key)) continue
    said.add(key)
    const [, what = plain, reason = null] = WITH_REASON.exec(plain) ?? []
    const place = reason === null ? `alone ${plain}` : `: ${reason}`
    const whats = byReason.get(place)
    if (whats) whats.push(what)
    else byReason.set(place, [what])
  }
  return [...byReason].flatMap(([place, whats]) => joined(whats, place.startsWith(': ') ? place : ''))
}

function joined(whats: readonly string[], reason: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const what of whats) {
    const longer = line === '' ? what : `${line}; ${what}`
    const isFull = line !== '' && longer.length + reason.length > MAX_LINE
    if (isFull) lines.push(`${line}${reason}`)
    line = isFull ? what : longer
  }
  return [...lines, `${line}${reason}`]
}
