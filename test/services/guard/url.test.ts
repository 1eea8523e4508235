import { describe, expect, it } from 'vitest'
import { checkUrl, compileHost } from '../../../src/services/guard/url.ts'
import { FORBIDDEN_URLS, PUBLIC_URLS } from '../../support/addresses.ts'

const LISTED = new Set([
  '127.0.0.1:80',
  '127.0.0.1:8080',
  '[::1]:80',
  'localhost:80',
  'git.internal:443',
  '169.254.169.254:80',
  'metadata.google.internal:80',
])

function matches(pattern: string, url: string, wide = false): boolean | string {
  const compiled = compileHost(pattern)
  const checked = checkUrl(url, LISTED)
  if (typeof compiled === 'string') return compiled
  return 'ruleId' in checked ? checked.ruleId : compiled.matches(checked, wide)
}

describe('a host pattern', () => {
  it.each([
    ['x.com', 'https://x.com/a', true],
    ['x.com', 'http://X.COM./a', true],
    ['x.com', 'http://x.com.evil.io', false],
    ['x.com', 'http://evilx.com', false],
    ['x.com', 'http://a.x.com', false],
    ['x.com', 'http://evil.io/x.com', false],
    ['x.com', 'http://evil.io#x.com', false],
    ['x.com', 'http://evil.io?@x.com', false],
    ['x.com', 'http://evil.io\\@x.com/', 'builtin:url'],
    ['*.x.com', 'http://a.b.x.com', true],
    ['*.x.com', 'http://x.com', false],
    ['*.x.com', 'http://evilx.com', false],
    ['x.com:8443', 'https://x.com:8443', true],
    ['x.com:443', 'https://x.com', true],
    ['x.com:8443', 'https://x.com', false],
    ['BÜCHER.example', 'https://xn--bcher-kva.example', true],
    ['127.0.0.1', 'http://2130706433/', true],
    ['127.0.0.1', 'http://127.0.0.1:8080/', true],
    ['127.0.0.1:8080', 'http://127.0.0.1/', false],
    ['git.internal', 'https://git.internal/', true],
    ['*.internal', 'https://git.internal/', false],
    ['*', 'https://any.example', true],
    ['*', 'http://1.1.1.1', false],
    ['*', 'http://127.0.0.1', false],
    ['*', 'http://0x7f.1', false],
    ['*', 'http://[::1]', false],
    ['*', 'http://localhost', false],
    ['*', 'https://git.internal/', false],
  ])('{%s} grants %s: %s', (pattern, url, expected) => {
    expect(matches(pattern, url)).toBe(expected)
  })

  it('prohibits addresses and private hosts with * too', () => {
    expect(matches('*', 'http://127.0.0.1', true)).toBe(true)
    expect(matches('*', 'https://git.internal', true)).toBe(true)
    expect(matches('*.internal', 'https://git.internal', true)).toBe(true)
  })

  it.each(['', 'a b', 'x.com/path', 'http://x.com', '*x.com', 'x.com:999999', 'user@x.com'])('is refused when it is %j', (pattern) => {
    expect(compileHost(pattern)).toContain('is not a host')
  })
})

describe('checkUrl', () => {
  it.each(['file:///etc/passwd', 'ftp://x.com', 'javascript:1', 'x.com', '', 'http://', 'http://user@x.com', 'http://x.com:y@evil.io'])(
    'refuses %j',
    (url) => {
      expect(checkUrl(url)).toMatchObject({ decision: 'deny', ruleId: 'builtin:url' })
    },
  )

  it.each(FORBIDDEN_URLS)('refuses %j', (url) => {
    expect(checkUrl(url)).toMatchObject({ decision: 'deny', ruleId: expect.stringMatching(/^builtin:(?:url|private-address)$/) })
  })

  it.each(PUBLIC_URLS)('lets rules look at %s', (url) => {
    expect(checkUrl(url)).toMatchObject({ kind: 'url', isPublic: true })
  })

  it('tells rules what they need, as the client will read it', () => {
    const checked = checkUrl('http://EXAMPLE.com./a/%2e%2e/b?c#d')

    expect(checked).toEqual({
      kind: 'url',
      scheme: 'http',
      host: 'example.com',
      port: '80',
      path: '/b',
      hasQuery: true,
      isAddress: false,
      isPublic: true,
    })
  })

  it('lets rules look at a private host that the operator lists, on that port alone', () => {
    expect(checkUrl('http://0x7f.1:8080/x', LISTED)).toMatchObject({ host: '127.0.0.1', port: '8080', isPublic: false })
    expect(checkUrl('http://127.0.0.1:8081/x', LISTED)).toMatchObject({ ruleId: 'builtin:private-address' })
    expect(checkUrl('http://127.0.0.2:8080/x', LISTED)).toMatchObject({ ruleId: 'builtin:private-address' })
    expect(checkUrl('http://git.internal/', LISTED)).toMatchObject({ ruleId: 'builtin:private-address' })
  })

  it('takes a public name that is listed for a private host, since that is where it may lead', () => {
    const listed = new Set(['dev.example.com:443'])

    expect(checkUrl('https://dev.example.com/', listed)).toMatchObject({ isPublic: false })
    expect(checkUrl('https://dev.example.com:8443/', listed)).toMatchObject({ isPublic: true })
  })

  it('refuses metadata services even when they are listed', () => {
    expect(checkUrl('http://169.254.169.254/', LISTED)).toMatchObject({ ruleId: 'builtin:private-address' })
    expect(checkUrl('http://metadata.google.internal/', LISTED)).toMatchObject({ ruleId: 'builtin:private-address' })
  })

  it('names the remedy where there is one', () => {
    expect(checkUrl('http://127.0.0.1:3000/')).toMatchObject({ hint: expect.stringContaining('"127.0.0.1:3000" in egress.private_hosts') })
    expect(checkUrl('http://169.254.169.254/')).toMatchObject({ hint: 'Use a host on the internet.' })
  })
})
