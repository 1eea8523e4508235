import { describe, expect, it } from 'vitest'
import { hostKey, originOf, readHostPort, readWebUrl } from '../../src/input/web-url.ts'
import { FORBIDDEN_URLS, PUBLIC_URLS } from '../support/addresses.ts'

function parts(text: string) {
  const url = readWebUrl(text)
  return typeof url === 'string' ? url : `${originOf(url)}${url.path}${url.hasQuery ? '?' : ''}`
}

describe('readWebUrl', () => {
  it.each([
    ['https://Example.COM', 'https://example.com:443/'],
    ['http://example.com.:8080/a/../b?c', 'http://example.com:8080/b?'],
    ['http://example.com:80/%2e%2e/x', 'http://example.com:80/x'],
    ['https://BÜCHER.example/ä', 'https://xn--bcher-kva.example:443/%C3%A4'],
    ['http://ｅｘａｍｐｌｅ.com/', 'http://example.com:80/'],
    ['HTTP://example.com', 'http://example.com:80/'],
    ['http://example.com?@x', 'http://example.com:80/?'],
    ['http://example.com#@127.0.0.1', 'http://example.com:80/'],
    ['http://2130706433/', 'http://127.0.0.1:80/'],
  ])('reads %s as %s', (text, expected) => {
    expect(parts(text)).toBe(expected)
  })

  it.each([
    ['http://a.com\\@b.com', 'backslash'],
    ['http://a.com/\tb', 'control'],
    ['http://a.com/\u202eb', 'invisible'],
    ['http://a.com/\u00a0b', 'space'],
    ['http://user@a.com', 'user name'],
    ['http://:p@a.com', 'user name'],
    ['http://@a.com', 'user name'],
    ['http:a.com', 'not an http'],
    ['mailto:a@b.com', 'not an http'],
    ['http://a.com:0', 'port 0'],
    ['http://a.com:25', 'port 25'],
    ['https://a.com:06667', 'port 6667'],
    ['http://a,b.com', 'nothing that is a host'],
    [`http://a.com/${'x'.repeat(9000)}`, 'more than 8192'],
  ])('refuses %j', (text, why) => {
    expect(readWebUrl(text)).toContain(why)
  })

  it('writes what it read without fragment and final dot, so that reading it again changes nothing', () => {
    const hrefs = PUBLIC_URLS.map((text) => readWebUrl(text)).map((url) => (typeof url === 'string' ? url : url.href))

    expect(hrefs.map((href) => readWebUrl(href)).map((url) => (typeof url === 'string' ? url : url.href))).toEqual(hrefs)
    expect(hrefs[1]).toBe('https://example.com/a?b')
  })

  it('finds nothing public in forbidden spellings, and nothing else in public ones', () => {
    const isPublic = (text: string) => {
      const url = readWebUrl(text)
      return typeof url === 'object' && url.reach === 'public'
    }

    expect(FORBIDDEN_URLS.filter(isPublic)).toEqual([])
    expect(PUBLIC_URLS.filter((text) => !isPublic(text))).toEqual([])
  })
})

describe('readHostPort', () => {
  it.each([
    ['127.0.0.1:8080', '127.0.0.1:8080'],
    ['0x7f.1:80', '127.0.0.1:80'],
    ['[::1]:443', '[::1]:443'],
    ['GIT.internal.:443', 'git.internal:443'],
  ])('reads %s', (text, key) => {
    const host = readHostPort(text)

    expect(typeof host === 'string' ? host : hostKey(host)).toBe(key)
  })

  it.each(['localhost', 'localhost:', 'http://localhost:80', 'a b:80', '*:80', '*.internal:80', 'u@h:80', 'h:80/x', ':80', 'h:99999', '::1:80'])(
    'refuses %j',
    (text) => {
      expect(typeof readHostPort(text)).toBe('string')
    },
  )
})
