import { decodedText } from './decoded-text.ts'
import { formsOf } from './forms.ts'
import type { Form } from './forms.ts'
import { createMatcher } from './matcher.ts'
import { addSpan, mergedSpans, nameIn } from './span.ts'
import type { Span } from './span.ts'

/** A secret whose value is known. */
export interface KnownSecret {
  readonly name: string
  /** At least 8 characters. */
  readonly value: string
}

/** Where known secrets are in a text, in any form: in order, and apart. */
export type KnownFinder = (text: string) => readonly Span[]

interface Pattern extends Form {
  readonly ref: string
}

const BASE64 = /[A-Za-z0-9+/_-]/

/** The first of two secrets with the same value, or the same encoded one, names it. */
export function createKnownFinder(secrets: readonly KnownSecret[]): KnownFinder {
  const patterns = patternsOf(secrets)
  const match = createMatcher(patterns.map(({ text }) => text))
  const shortest = Math.min(...patterns.map(({ text }) => text.length))
  const search = (text: string, add: (span: Span) => void): void =>
    match(text, (index, start) => {
      const pattern = patterns[index]
      if (pattern !== undefined) add(spanOf(text, start, pattern))
    })

  return (text) => {
    if (text.length < shortest) return []
    const plain: Span[] = []
    search(text, (span) => addSpan(plain, span))
    const decoded = decodedText(text)
    if (decoded === null) return plain
    const encoded: Span[] = []
    search(decoded.text, (span) => {
      const [start, end] = [decoded.origin(span.start), decoded.originOfEnd(span.end)]
      // As long as in the text itself, it was found there.
      if (end - start > span.end - span.start) addSpan(encoded, { start, end, kind: span.kind, ref: `${nameIn(span.ref ?? '')}:url` })
    })
    return mergedSpans([...plain, ...encoded])
  }
}

function patternsOf(secrets: readonly KnownSecret[]): readonly Pattern[] {
  const patterns = new Map<string, Pattern>()
  for (const { name, value } of secrets) {
    for (const form of formsOf(value)) {
      if (!patterns.has(form.text)) patterns.set(form.text, { ...form, ref: form.form === '' ? name : `${name}:${form.form}` })
    }
  }
  return [...patterns.values()]
}

/** Characters at the edges that hold bits of the secret go with it, and so does the padding. */
function spanOf(text: string, at: number, { text: pattern, form, left, right, ref }: Pattern): Span {
  let [start, end] = [at, at + pattern.length]
  if (form === 'base64') {
    if (left === 1 && BASE64.test(text.charAt(start - 1))) start -= 1
    if (right === 1 && BASE64.test(text.charAt(end))) end += 1
    while (end - at - pattern.length < 3 && text.charAt(end) === '=') end += 1
  }
  return { start, end, kind: 'known', ref }
}
