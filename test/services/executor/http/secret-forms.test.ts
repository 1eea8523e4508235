import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../../../src/services/executor/http/secret-forms.ts'

const VALUE = 'p@ss/w"rd<&> +1~'
const redactor = createRedactor([{ name: 'service/x', value: VALUE }])
const MARK = '${secret:service/x}'

const escapes: readonly (readonly [string, (text: string) => string])[] = [
  ['as it is', (text) => text],
  ['in a URL', (text) => encodeURIComponent(text)],
  ['in a URL, lower case', (text) => encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase())],
  ['in a form', (text) => new URLSearchParams({ a: text }).toString().slice(2)],
  ['in JSON', (text) => JSON.stringify(text).slice(1, -1)],
  ['in JSON with escaped slashes', (text) => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/')],
  ['in JSON for HTML', (text) => JSON.stringify(text).slice(1, -1).replaceAll('<', '\\u003c').replaceAll('>', '\\u003E').replaceAll('&', '\\u0026')],
  ['in HTML', (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')],
  ['in HTML by number', (text) => [...text].map((character) => `&#${character.charCodeAt(0)};`).join('')],
  ['in HTML by hexadecimal number', (text) => [...text].map((character) => `&#x00${character.charCodeAt(0).toString(16)};`).join('')],
  ['with every character in a URL escaped', (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')],
  ['in hex', (text) => Buffer.from(text).toString('hex')],
  ['in upper-case hex', (text) => Buffer.from(text).toString('hex').toUpperCase()],
  ['in base64', (text) => Buffer.from(text).toString('base64').replace(/=+$/, '')],
  ['in base64 for URLs', (text) => Buffer.from(text).toString('base64url')],
]

describe('a secret', () => {
  it.each(escapes)('is found %s', (_, escape) => {
    const text = `before ${escape(VALUE)} after ${escape(VALUE)}.`

    expect(redactor.text(text)).toMatch(/^before \$\{secret:service\/x\}.? after \$\{secret:service\/x\}.?\.$/)
    expect(redactor.bytes(Buffer.from(text)).toString()).toBe(redactor.text(text))
  })

  it('is found in base64 of anything around it', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), fc.boolean(), (before, after, isUrl) => {
        const encoded = Buffer.from(`${before}${VALUE}${after}`).toString(isUrl ? 'base64url' : 'base64')

        return redactor.text(encoded).includes(MARK)
      }),
      { seed: 5, numRuns: 500 },
    )
  })

  it('of any characters is found in any form, and leaves the rest as it is', () => {
    const printable = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)), minLength: 8, maxLength: 40 })
    fc.assert(
      fc.property(printable, fc.constantFrom(...escapes), (value, [, escape]) => {
        const found = createRedactor([{ name: 'service/x', value }]).text(`\n${escape(value)}\n`)

        return found.includes(MARK) && found.length <= MARK.length + 3
      }),
      { seed: 5, numRuns: 1000 },
    )
  })

  it('is found in the bytes of a text that is not UTF-8, which stay as they are', () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0x00, 0xfe]), Buffer.from(VALUE), Buffer.from([0x80])])

    expect(redactor.bytes(bytes)).toEqual(Buffer.concat([Buffer.from([0xff, 0x00, 0xfe]), Buffer.from(MARK), Buffer.from([0x80])]))
  })

  it('that is not there changes nothing', () => {
    expect(redactor.text('p@ss/w"rd')).toBe('p@ss/w"rd')
    expect(createRedactor([]).bytes(Buffer.from('x')).toString()).toBe('x')
    expect(createRedactor([]).reach).toBe(0)
  })

  it('that is very long is found piece by piece, whole or cut', () => {
    const value = Array.from({ length: 4096 }, (_, index) => String.fromCharCode(0x21 + (((index * index * 31 + index * 7) % 9973) % 90))).join('')
    const long = createRedactor([{ name: 'long', value }])

    for (const text of [value, encodeURIComponent(value), Buffer.from(value).toString('base64'), Buffer.from(value).toString('hex')]) {
      expect(long.text(text).replaceAll('${secret:long}', '').length).toBeLessThan(130)
    }
    expect(long.text(value.slice(0, 2000))).toContain('${secret:long}')
    expect(long.text('a'.repeat(100_000))).toBe('a'.repeat(100_000))
  })
})
