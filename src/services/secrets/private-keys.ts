import type { Span } from './span.ts'

const BEGIN = '-----BEGIN '
const HEADER = /-----BEGIN ((?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?)-----/y
/** The largest RSA keys in use, 16384 bits, have about 13 000 characters. */
const MAX_BODY = 30_000
/** Characters of base 64 that a key has at least, whole or cut off; a smaller one is an ellipsis in a text about keys. */
const MIN_BODY = 40
/** A line of a key, or of what old formats put before it, with what stands between lines however they are written. */
const LINE = /(?:\\[nr]|[\s"'`,;>|]){0,40}(?:[A-Za-z0-9+/]{16,}={0,2}|[A-Za-z0-9+/]+={1,2}|[A-Z][A-Za-z-]{2,20}: [^\n\\]{0,200})/y
/** The last one, where the text was cut off in it. */
const REST = /(?:\\[nr]|[\s"'`,;>|]){0,40}[A-Za-z0-9+/]{1,15}\s*$/y

/** Private keys in PEM and OpenPGP armour, also on one line with escaped line ends, and also without their end. */
export function privateKeySpans(text: string): readonly Span[] {
  const endAfter = createEndFinder(text)
  const spans: Span[] = []
  for (let at = text.indexOf(BEGIN); at !== -1; at = text.indexOf(BEGIN, at + BEGIN.length)) {
    HEADER.lastIndex = at
    const header = HEADER.exec(text)
    if (header === null) continue
    const from = at + header[0].length
    const end = endAfter(header[1] ?? '', from)
    const next = text.indexOf(BEGIN, from)
    const isWhole = end !== -1 && end - from <= MAX_BODY && (next === -1 || next >= end)
    const to = isWhole ? end : cutOffEnd(text, from, next)
    if (!holdsKey(text.slice(from, to))) continue
    spans.push({ start: at, end: to, kind: 'privatekey', ref: null })
  }
  return spans
}

/** Remembers the next end of each kind: thousands of beginnings before one end must not each look for it. */
function createEndFinder(text: string): (kind: string, from: number) => number {
  const ends = new Map<string, number>()
  return (kind, from) => {
    const known = ends.get(kind)
    if (known !== undefined && (known === -1 || known >= from)) return known
    const sign = `-----END ${kind}-----`
    const at = text.indexOf(sign, from)
    const end = at === -1 ? -1 : at + sign.length
    ends.set(kind, end)
    return end
  }
}

/** Where the lines of a key end that has no end. */
function cutOffEnd(text: string, from: number, next: number): number {
  const body = text.slice(from, Math.min(from + MAX_BODY, next === -1 ? text.length : next))
  let to = 0
  for (LINE.lastIndex = 0; LINE.test(body); to = LINE.lastIndex);
  REST.lastIndex = to
  if (to > 0 && REST.test(body)) to = body.length
  return from + to
}

const holdsKey = (body: string): boolean => body.replaceAll(/\\[nr]|[^A-Za-z0-9+/=]/g, '').length >= MIN_BODY && !/\.{3}|x{8}|\*{3}/i.test(body)
