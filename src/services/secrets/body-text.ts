import { escapeSecretReferences, mapTexts } from '../../model/secrets.ts'
import { replaceSpans } from './span.ts'
import type { Span } from './span.ts'

/**
 * All texts of a body, one after the other: each on a line, a member behind its key as `key: text`. So a secret is found that is known by
 * the name it is given to, or whose lines are the items of a list, and a body of many short texts is searched at once.
 */
export interface BodyText {
  readonly text: string
  /** Where each text begins and ends. */
  readonly places: readonly { readonly start: number; readonly end: number }[]
}

/** @throws RangeError when it is nested too deep, or longer than `maxChars` */
export function bodyText(body: unknown, maxChars: number): BodyText {
  const pieces: string[] = []
  const places: { start: number; end: number }[] = []
  let at = 0
  let isAfterKey = false
  mapTexts(body, (text, isKey) => {
    // What the key before names is no text.
    if (isKey && isAfterKey) pieces[pieces.length - 1] = ':\n'
    isAfterKey = isKey
    const after = isKey ? ': ' : '\n'
    pieces.push(text, after)
    places.push({ start: at, end: at + text.length })
    at += text.length + after.length
    if (at > maxChars) throw new RangeError(`it has more than ${maxChars} characters`)
    return text
  })
  return { text: pieces.join(''), places }
}

/** The spans cut at the ends of the texts: one that goes over several is several, none of which is a known secret by itself. */
export function spansByText({ text, places }: BodyText, spans: readonly Span[]): readonly (readonly Span[])[] {
  let next = 0
  return places.map((place) => {
    const own: Span[] = []
    while (next < spans.length && (spans[next]?.end ?? 0) <= place.start) next += 1
    for (let index = next; index < spans.length; index++) {
      const span = spans[index]
      if (span === undefined || span.start >= place.end) break
      const [start, end] = [Math.max(span.start, place.start), Math.min(span.end, place.end)]
      const isWhole = start === span.start && end === span.end
      // The indentation of a line of a key is no secret.
      if (isWhole || text.slice(start, end).trim() !== '') own.push(isWhole ? span : { start, end, kind: span.kind, ref: null })
    }
    return own
  })
}

/** The body with what `spansByText` gave replaced by references, and everything else escaped. */
export function rebuiltBody<T>(
  body: T,
  { text, places }: BodyText,
  spans: readonly (readonly Span[])[],
  reference: (value: string, span: Span) => string,
): T {
  let index = 0
  return mapTexts(body, (own) => {
    const start = places[index]?.start ?? 0
    const ownSpans = spans[index] ?? []
    index += 1
    const moved = ownSpans.map((span) => ({ ...span, start: span.start - start, end: span.end - start }))
    return replaceSpans(own, moved, (span) => reference(text.slice(span.start + start, span.end + start), span), escapeSecretReferences)
  })
}
