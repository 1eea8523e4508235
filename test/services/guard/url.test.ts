import { describe, expect, it } from 'vitest'
import { checkUrl, compileHost } from '../../../src/services/guard/url.ts'

function matches(pattern: string, url: string, wide = false): boolean | string {
  const compiled = compileHost(pattern)
  const checked = checkUrl(url)
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
    ['x.com', 'http://evil.io\\@x.com/', false],
    ['*.x.com', 'http://a.b.x.com', true],
    ['*.x.com', 'http://x.com', false],
    ['*.x.com', 'http://evilx.com', false],
    ['x.com:8443', 'https://x.com:8443', true],
    ['x.com:443', 'https://x.com', true],
    ['x.com:8443', 'https://x.com', false],
    ['BÜCHER.example', 'https://xn--bcher-kva.example', true],
    ['127.0.0.1', 'http://2130706433/', true],
    ['*', 'https://any.example', true],
    ['*', 'http://127.0.0.1', false],
    ['*', 'http://0x7f.1', false],
    ['*', 'http://[::1]', false],
    ['*', 'http://localhost', false],
    ['*', 'http://metadata.google.internal', false],
  ])('{%s} grants %s: %s', (pattern, url, expected) => {
    expect(matches(pattern, url)).toBe(expected)
  })

  it('prohibits addresses with * too', () => {
    expect(matches('*', 'http://127.0.0.1', true)).toBe(true)
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
})
