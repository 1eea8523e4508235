import { describe, expect, it } from 'vitest'
import { EgressConfig, EgressService, type EgressServiceInput } from '../../src/model/egress.ts'

const service = (changes: Record<string, unknown> = {}) => ({ base_url: 'https://api.example.com/v1', credential: { env: 'TOKEN' }, ...changes })

describe('an egress service', () => {
  it('reads with GET, by a bearer token, over https', () => {
    expect(EgressService.parse(service())).toEqual({
      base_url: 'https://api.example.com/v1',
      credential: { env: 'TOKEN' },
      methods: ['GET', 'HEAD'],
      header: 'Authorization',
      template: 'Bearer ${credential}',
      private: false,
    })
  })

  it.each<[string, Partial<Record<keyof EgressServiceInput | 'other', unknown>>]>([
    ['an unknown key', { other: 1 }],
    ['neither a URL nor hosts', { base_url: undefined }],
    ['both a URL and hosts', { hosts: ['a.example'] }],
    ['a path beside a URL', { path_prefix: '/x' }],
    ['http in the open', { base_url: 'http://api.example.com/' }],
    ['another scheme', { base_url: 'ftp://api.example.com/' }],
    ['a query', { base_url: 'https://api.example.com/?a=b' }],
    ['no hosts', { base_url: undefined, hosts: [] }],
    ['no methods', { methods: [] }],
    ['another method', { methods: ['TRACE'] }],
    ['no credential', { credential: undefined }],
    ['two credentials', { credential: { env: 'A', file: '/b' } }],
    ['a credential in the configuration itself', { credential: 'secret' }],
    ['a variable that is none', { credential: { env: 'A B' } }],
    ['a file somewhere', { credential: { file: 'token' } }],
    ['a header that is none', { header: 'X Key' }],
    ['a header that frames the message', { header: 'Content-Length' }],
    ['the header of the host', { header: 'host' }],
    ['a template without the credential', { template: 'Bearer x' }],
    ['a template with a line break', { template: 'Bearer ${credential}\r\nX: y' }],
  ])('is refused with %s', (_, changes) => {
    expect(EgressService.safeParse(service(changes)).success).toBe(false)
  })

  it('may be reached over http on a private network, and only there', () => {
    expect(EgressService.safeParse(service({ base_url: 'http://10.0.0.5:8080/', private: true })).success).toBe(true)
  })
})

describe('the egress configuration', () => {
  it('opens nothing by itself', () => {
    expect(EgressConfig.parse({})).toEqual({ private_hosts: [], services: {} })
  })

  it.each(['Git', 'a b', '', '__proto__', '1a', 'a'.repeat(33)])('has no service named %j', (name) => {
    const services: unknown = JSON.parse(`{${JSON.stringify(name)}: ${JSON.stringify(service())}}`)

    expect(EgressConfig.safeParse({ services }).success && EgressConfig.parse({ services }).services).not.toHaveProperty([name, 'credential'])
  })
})
