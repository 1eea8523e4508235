import { parseJson, textAt } from '../json-text.ts'
import type { Searched, Secret } from './secret.ts'

const PATTERN = /(?<![\w.+/-])(eyJ[\w-]{14,2000})\.(eyJ[\w-]{14,6000})\.([\w-]{20,2000})(?![\w.-])/g

/** JSON web tokens that are signed: their header names an algorithm, their payload is an object. Public and sample ones are none. */
export function findWebTokens({ text }: Searched): Secret[] {
  if (!text.includes('eyJ')) return []
  return [...text.matchAll(PATTERN)].flatMap((match) => {
    const [value, header = '', payload = ''] = match
    if (!isSigned(header) || isPublic(payload)) return []
    return [
      {
        rule: 'secrets.json-web-token',
        name: 'JSON web token',
        offset: match.index,
        value,
        shown: 'eyJ',
        isPrefix: true,
        confidence: 'verified',
        // Most expire soon.
        weight: 'limited',
      } satisfies Secret,
    ]
  })
}

function isSigned(header: string): boolean {
  const parsed = parseJson(decoded(header))
  return parsed.ok && !['', 'none'].includes((textAt(parsed.value, 'alg') ?? '').toLowerCase())
}

/** The sample of jwt.io and RFC 7519, and the keys that browsers are meant to have. */
function isPublic(payload: string): boolean {
  const parsed = parseJson(decoded(payload))
  if (!parsed.ok) return true
  const of = (key: string) => textAt(parsed.value, key) ?? ''
  return of('sub') === '1234567890' || of('iss') === 'joe' || of('role') === 'anon' || /john doe|example/i.test(of('name') + of('iss') + of('aud'))
}

function decoded(part: string): string {
  return Buffer.from(part, 'base64url').toString('utf8')
}
