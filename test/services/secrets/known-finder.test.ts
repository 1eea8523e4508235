import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKnownFinder } from '../../../src/services/secrets/known-finder.ts'

const TOKEN = 'Zx9/very+secret~value=42é'
const find = createKnownFinder([{ name: 'TOKEN', value: TOKEN }])
const bytes = Buffer.from(TOKEN)
const percent = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')

/** What is left of a text when the known secrets are cut out of it. */
const rest = (text: string, finder = find): string => {
  let [left, at] = ['', 0]
  for (const { start, end } of finder(text)) [left, at] = [left + text.slice(at, start), end]
  return left + text.slice(at)
}

describe('a known secret', () => {
  it.each([
    ['as it is', TOKEN, 'TOKEN'],
    ['in base 64', bytes.toString('base64'), 'TOKEN:base64'],
    ['in URL-safe base 64', bytes.toString('base64url'), 'TOKEN:base64'],
    ['in lower-case hex', bytes.toString('hex'), 'TOKEN:hex'],
    ['in upper-case hex', bytes.toString('hex').toUpperCase(), 'TOKEN:hex'],
    ['percent-encoded as a URL is', encodeURIComponent(TOKEN), 'TOKEN:url'],
    ['percent-encoded in every byte', percent, 'TOKEN:url'],
    ['percent-encoded with capitals', percent.toUpperCase().replaceAll('%', '%'), 'TOKEN:url'],
    ['percent-encoded here and there', TOKEN.replace('v', '%76').replace('é', '%c3%A9'), 'TOKEN:url'],
    ['escaped by another JSON', TOKEN.replaceAll('/', '\\/').replaceAll('+', '\\u002b'), 'TOKEN:url'],
    ['broken by the end of a line', `Zx9/very+secret~v\nalue=42é`, null],
  ])('is found %s', (_how, text, ref) => {
    const found = find(`before ${text} after`)

    if (ref === null) return expect(found).toEqual([])
    expect(found.map((span) => span.ref)).toEqual([ref])
    expect(rest(`before ${text} after`)).toBe('before  after')
  })

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('is found in base 64 behind %i other bytes, and no bit of it stays', (before) => {
    for (const encoding of ['base64', 'base64url'] as const) {
      const text = Buffer.concat([Buffer.alloc(before, 'u'), bytes, Buffer.from('tail')]).toString(encoding)
      const holdsBits = [...text].flatMap((_, at) => (6 * at + 6 > 8 * before && 6 * at < 8 * (before + bytes.length) ? [at] : []))

      const spans = find(text)

      expect(spans.map(({ ref }) => ref)).toEqual(['TOKEN:base64'])
      expect([spans[0]?.start, spans[0]?.end]).toEqual([holdsBits[0], (holdsBits.at(-1) ?? 0) + 1])
    }
  })

  it.each(['\n', '\r\n', '\\n', '\\r\\n', '\n    ', '=\n'])('is found in base 64 that is wrapped with %j', (wrap) => {
    const long = Buffer.from(`Authorization: Basic user-name:${TOKEN} and so on, and so on`).toString('base64')
    for (const width of [20, 33, 64, 76]) {
      const wrapped = (long.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join(wrap)
      expect(find(wrapped).map(({ ref }) => ref?.split(':')[0])).toEqual(['TOKEN'])
    }
  })

  it('with quotes and line ends is found as JSON writes it, once and twice, and line by line', () => {
    const value = 'first "quoted" line\nsecond \\ line of it'
    const finder = createKnownFinder([{ name: 'KEY', value }])
    const once = JSON.stringify({ value })
    const twice = JSON.stringify({ once })

    expect(rest(once, finder)).toBe('{"value":""}')
    expect(rest(twice, finder)).not.toMatch(/first|second/)
    expect(rest('12: second \\ line of it', finder)).toBe('12: ')
    expect(rest(value.replace('\n', '\r\n'), finder)).toBe('')
  })

  it('is found wherever it is in any text, in each form, and nothing else is touched', () => {
    const forms = [TOKEN, bytes.toString('base64'), bytes.toString('hex'), encodeURIComponent(TOKEN)]
    const around = fc.string({ unit: fc.constantFrom('a', 'Z', '7', ' ', '\n', '%', '%4', '\\', '{', 'é', '𝒳', '/') })

    fc.assert(
      fc.property(fc.array(fc.tuple(around, fc.constantFrom(...forms)), { maxLength: 5 }), around, (parts, last) => {
        const text = parts.map(([before, form]) => `${before} ${form} `).join('') + last
        const expected = parts.map(([before]) => `${before}  `).join('') + last
        expect(rest(text)).toBe(expected)
      }),
      { seed: 52, numRuns: 500 },
    )
  })
})

describe('several known secrets', () => {
  it('that hold one another are the longest', () => {
    const finder = createKnownFinder([
      { name: 'SHORT', value: 'abcdefgh' },
      { name: 'LONG', value: 'abcdefgh-and-more' },
    ])

    expect(finder('abcdefgh-and-more abcdefgh').map(({ ref }) => ref)).toEqual(['LONG', 'SHORT'])
  })

  it('that overlap leave nothing of either', () => {
    const finder = createKnownFinder([
      { name: 'A', value: 'abcdefghij' },
      { name: 'B', value: 'fghijklmnopq' },
    ])

    expect(rest('<abcdefghijklmnopq>', finder)).toBe('<>')
    expect(finder('<abcdefghijklmnopq>').map(({ ref }) => ref)).toEqual(['B:part'])
  })

  it('with the same value have the name of the first', () => {
    const finder = createKnownFinder([
      { name: 'ONE', value: 'same-value-1' },
      { name: 'TWO', value: 'same-value-1' },
    ])

    expect(finder('same-value-1').map(({ ref }) => ref)).toEqual(['ONE'])
  })

  it('agree with a search for each by itself', () => {
    const value = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), minLength: 8, maxLength: 14 })

    fc.assert(
      fc.property(
        fc.uniqueArray(value, { minLength: 1, maxLength: 6 }),
        fc.array(fc.oneof(value, fc.constantFrom('a', 'b', 'x')), { maxLength: 12 }),
        (values, parts) => {
          const text = parts.join('') + (values[0] ?? '')
          const covered = new Set<number>()
          for (const secret of values) {
            for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1))
              for (let i = at; i < at + secret.length; i++) covered.add(i)
          }
          const finder = createKnownFinder(values.map((secret, index) => ({ name: `S${index}`, value: secret })))
          const found = new Set(finder(text).flatMap(({ start, end }) => Array.from({ length: end - start }, (_, index) => start + index)))
          expect([...covered].filter((at) => !found.has(at))).toEqual([])
          expect(rest(text, finder)).toBe([...text].filter((_, at) => !covered.has(at)).join(''))
        },
      ),
      { seed: 53, numRuns: 400 },
    )
  })
})

describe('a search', () => {
  it('without known secrets finds nothing', () => {
    expect(createKnownFinder([])('anything at all')).toEqual([])
  })

  it.each([
    ['a repeated secret', 'abcdabcd'.repeat(250_000)],
    ['almost a secret', 'abcdabca'.repeat(250_000)],
    ['escapes', '%61'.repeat(700_000)],
    ['line ends in a long run', `${'a'.repeat(20)}\n`.repeat(100_000)],
    ['backslashes', '\\'.repeat(2_000_000)],
  ])('through two million characters of %s ends', (_what, text) => {
    const finder = createKnownFinder([{ name: 'REPEATED', value: 'abcdabcdabcdabcd' }])

    expect(finder(text).length).toBeLessThan(2_000_000)
  })
})
