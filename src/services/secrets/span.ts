/** A part of a text that must not be shown. */
export interface Span {
  readonly start: number
  readonly end: number
  /** What it is: `known`, or what a found one is called in its reference. */
  readonly kind: string
  /** Of a known secret, its name and form; null for what was found. */
  readonly ref: string | null
}

/** The spans in order, those that overlap as one. */
export function mergedSpans(spans: readonly Span[]): readonly Span[] {
  const merged: Span[] = []
  for (const span of spans.toSorted((a, b) => a.start - b.start || b.end - a.end)) addSpan(merged, span)
  return merged
}

/** Adds a span that does not begin before those that are there, but for a character. */
export function addSpan(spans: Span[], span: Span): void {
  const last = spans.at(-1)
  if (last === undefined || span.start >= last.end) spans.push(span)
  else spans[spans.length - 1] = union(last, span)
}

/** What holds all of the other says what both are; where neither does, it is a known secret only if both are. */
function union(a: Span, b: Span): Span {
  const [outer, inner] = holds(a, b) ? [a, b] : [b, a]
  if (holds(outer, inner)) return outer.ref === null && inner.ref !== null && holds(inner, outer) ? inner : outer
  const longer = b.end - b.start > a.end - a.start ? b : a
  const ref = a.ref === null || b.ref === null || longer.ref === null ? null : `${nameIn(longer.ref)}:part`
  return { start: Math.min(a.start, b.start), end: Math.max(a.end, b.end), kind: longer.kind, ref }
}

const holds = (outer: Span, inner: Span): boolean => outer.start <= inner.start && outer.end >= inner.end

/** The name of the known secret in a reference with or without a form. */
export const nameIn = (ref: string): string => ref.split(':', 1)[0] ?? ref

/** The text with each of the spans, in order and apart, replaced, and what lies between them changed. */
export function replaceSpans(
  text: string,
  spans: readonly Span[],
  replacement: (span: Span) => string,
  between: (text: string) => string = (part) => part,
): string {
  if (spans.length === 0) return between(text)
  const pieces: string[] = []
  let at = 0
  for (const span of spans) {
    pieces.push(between(text.slice(at, span.start)), replacement(span))
    at = span.end
  }
  pieces.push(between(text.slice(at)))
  return pieces.join('')
}
