import { describe, expect, it } from 'vitest'
import { ControllerError } from '../../../../src/errors.ts'
import { readWebUrl, type WebUrl } from '../../../../src/input/web-url.ts'
import type { WebRequest } from '../../../../src/services/executor/http/exchange.ts'
import { redirectOf } from '../../../../src/services/executor/http/redirect.ts'
import { FORBIDDEN_URLS } from '../../../support/addresses.ts'
import { bodyOf, makeFetch, startHttp } from './http.fixture.ts'

function urlOf(text: string): WebUrl {
  const url = readWebUrl(text)
  if (typeof url === 'string') throw new Error(url)
  return url
}

const request = (changes: Partial<WebRequest> & { readonly at?: string } = {}): WebRequest => ({
  url: urlOf(changes.at ?? 'https://one.example/a/b'),
  method: 'GET',
  headers: { accept: 'text/html', 'x-key': 'k', 'content-type': 'text/csv' },
  body: null,
  ...changes,
})

describe('redirectOf', () => {
  it.each([
    [200, '/x'],
    [300, '/x'],
    [304, '/x'],
    [302, null],
  ])('leaves %s to %s alone', (status, location) => {
    expect(redirectOf(request(), status, location)).toBeNull()
  })

  it.each([
    ['c', 'https://one.example/a/c'],
    ['/c?d#e', 'https://one.example/c?d'],
    ['//two.example', 'https://two.example/'],
    ['https://TWO.example./x', 'https://two.example/x'],
    ['', 'https://one.example/a/b'],
  ])('reads %j from the URL it came from', (location, href) => {
    expect(redirectOf(request(), 302, location)).toMatchObject({ url: { href } })
  })

  it.each([
    [301, 'POST', 'GET', null],
    [302, 'POST', 'GET', null],
    [303, 'PUT', 'GET', null],
    [307, 'POST', 'POST', 'x'],
    [308, 'PATCH', 'PATCH', 'x'],
  ] as const)('makes of %s for %s: %s', (status, method, next, body) => {
    expect(redirectOf(request({ method, body: 'x' }), status, '/c')).toMatchObject({ method: next, body })
  })

  it('keeps HEAD', () => {
    expect(redirectOf(request({ method: 'HEAD' }), 303, '/c')).toMatchObject({ method: 'HEAD' })
  })

  it('gives another origin nothing that was meant for the first', () => {
    const headersFor = (at: string, location: string, changes: Partial<WebRequest> = {}) => {
      const next = redirectOf(request({ at, ...changes }), 307, location)
      return typeof next === 'object' ? next?.headers : next
    }

    expect(headersFor('https://one.example/', '/x')).toHaveProperty('x-key')
    for (const elsewhere of ['https://two.example/', 'https://one.example:8443/', 'https://sub.one.example/']) {
      expect(headersFor('https://one.example/', elsewhere)).toEqual({ accept: 'text/html' })
    }
    expect(headersFor('http://one.example/', 'https://one.example/')).toEqual({ accept: 'text/html' })
    expect(headersFor('https://one.example/', 'https://two.example/', { method: 'POST', body: 'x' })).toEqual({
      accept: 'text/html',
      'content-type': 'text/csv',
    })
  })

  it('does not lead from https to http', () => {
    expect(redirectOf(request(), 302, 'http://one.example/')).toContain('from https to http')
  })

  it.each(['file:///etc/passwd', 'data:text/html,x', 'javascript:1', 'ftp://x.com/', 'http://', 'https://u:p@two.example/', '//u@two.example/'])(
    'does not lead to %j',
    (location) => {
      expect(typeof redirectOf(request(), 302, location)).toBe('string')
    },
  )
})

/** A guard that lets everything pass and remembers it, or refuses what it is told to. */
function admitting(refuse: (url: string) => boolean = () => false) {
  const asked: string[] = []
  const admitUrl = async (url: string, method: string) => {
    asked.push(`${method} ${url}`)
    if (refuse(url)) throw new ControllerError('GUARD_DENIED', `${url} is not allowed.`)
  }
  return { asked, admitUrl }
}

describe('http.fetch', () => {
  it('has every redirect judged before it asks there', async () => {
    const target = await startHttp((_, response) => response.end('target'))
    const first = await startHttp((_, response) => response.writeHead(302, { location: `http://two.example:${target.port}/t` }).end('moved'))
    const { asked, admitUrl } = admitting()

    const output = await makeFetch([first, target])('http.fetch.v1', { url: `http://one.example:${first.port}/` }, { admitUrl })

    expect(output).toMatchObject({
      url: `http://two.example:${target.port}/t`,
      body: 'target',
      redirects: [{ url: `http://one.example:${first.port}/`, status: 302 }],
    })
    expect(asked).toEqual([`GET http://two.example:${target.port}/t`])
  })

  it('asks nowhere that the guard refuses', async () => {
    const target = await startHttp((_, response) => response.end('target'))
    const first = await startHttp((_, response) => response.writeHead(302, { location: `http://two.example:${target.port}/t` }).end())
    const { admitUrl } = admitting(() => true)

    await expect(makeFetch([first, target])('http.fetch.v1', { url: `http://one.example:${first.port}/` }, { admitUrl })).rejects.toMatchObject({
      code: 'GUARD_DENIED',
      message: expect.stringContaining('is not allowed'),
    })
    expect(target.connections()).toBe(0)
  })

  it('stays at its origin when there is no guard to ask', async () => {
    const target = await startHttp((_, response) => response.end('target'))
    const first = await startHttp((request, response) => {
      if (request.url === '/here') response.end('here')
      else response.writeHead(302, { location: request.url === '/' ? '/here' : `http://one.example:${target.port}/` }).end()
    })
    const fetch = makeFetch([first, target])

    expect(await fetch('http.fetch.v1', { url: `http://one.example:${first.port}/` })).toMatchObject({ body: 'here' })
    await expect(fetch('http.fetch.v1', { url: `http://one.example:${first.port}/away` })).rejects.toMatchObject({ code: 'GUARD_DENIED' })
    expect(target.connections()).toBe(0)
  })

  it.each([
    ...FORBIDDEN_URLS.filter((url) => /^[\x21-\x7e]+$/.test(url) && url.includes(':')),
    'http://localhost:2/',
    '//127.0.0.1/',
    '//[::1]/',
    '//169.254.169.254/latest',
  ])('does not follow a redirect to %j, even if the guard lets it', async (location) => {
    const server = await startHttp((_, response) => response.writeHead(302, { location }).end())
    const { admitUrl } = admitting()

    const outcome = await makeFetch([server])('http.fetch.v1', { url: `http://one.example:${server.port}/` }, { admitUrl }).catch(
      (error: unknown) => error,
    )

    // Without a scheme of its own it is another page of the same server, which redirects again and again.
    const codes = /^https?:\/?[^/]/.test(location) ? ['ACTION_FAILED', 'GUARD_DENIED'] : ['GUARD_DENIED']
    expect(codes).toContain(outcome instanceof ControllerError ? outcome.code : outcome)
  })

  it('gives up after five redirects', async () => {
    let count = 0
    const server = await startHttp((_, response) => response.writeHead(302, { location: `/${(count += 1)}` }).end())

    await expect(makeFetch([server])('http.fetch.v1', { url: `http://one.example:${server.port}/` })).rejects.toMatchObject({
      code: 'ACTION_FAILED',
      message: expect.stringContaining('more than 5 times'),
    })
    expect(server.connections()).toBe(6)
  })

  it('reads nothing of a redirect itself', async () => {
    const server = await startHttp((request, response) => {
      if (request.url === '/x') return void response.end('x')
      response.writeHead(302, { location: '/x', 'content-encoding': 'zstd' })
      response.write('endless')
    })

    expect(await makeFetch([server])('http.fetch.v1', { url: `http://one.example:${server.port}/` })).toMatchObject({ body: 'x' })
  })
})

describe('http.send', () => {
  it('sends its body again where a 307 leads and the guard agrees, and nowhere else', async () => {
    const seen: string[] = []
    const target = await startHttp(async (incoming, response) => {
      seen.push(`${incoming.method} ${String(incoming.headers['x-key'])} ${await bodyOf(incoming)}`)
      response.end('taken')
    })
    const first = await startHttp((_, response) => response.writeHead(307, { location: `http://two.example:${target.port}/` }).end('elsewhere'))
    const send = makeFetch([first, target])
    const args = { url: `http://one.example:${first.port}/`, method: 'POST', body: 'text', headers: { 'x-key': 'k' } }

    const followed = await send('http.send.v1', args, { admitUrl: admitting().admitUrl })
    const stayed = await send('http.send.v1', args, { admitUrl: admitting(() => true).admitUrl })

    expect(followed).toMatchObject({ status: 200, body: 'taken', problem: null })
    expect(stayed).toMatchObject({ status: 307, body: 'elsewhere', problem: expect.stringContaining('is not allowed') })
    expect(seen).toEqual(['POST undefined text'])
  })
})
