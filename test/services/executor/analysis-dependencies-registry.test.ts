import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ControllerError } from '../../../src/errors.ts'
import { ResourceLimits } from '../../../src/model/goal.ts'
import { dependencies } from '../../../src/services/executor/capabilities/analysis/dependencies/dependencies.ts'
import { askRegistry, registryUrl } from '../../../src/services/executor/capabilities/analysis/dependencies/registry.ts'
import { createMeter } from '../../../src/services/executor/meter.ts'
import { contextOf, makeWorkspace } from './analysis.fixture.ts'
import { json, lockOf, look, only } from './analysis-dependencies.fixture.ts'

const servers: Server[] = []
afterEach(() => {
  vi.unstubAllEnvs()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A real registry on this machine, which the environment names; resolves to its address. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}/npm/`
  vi.stubEnv('npm_config_registry', url)
  return url
}

const metadata = (name: string, latest: string, versions: object = { [latest]: {} }) => JSON.stringify({ name, 'dist-tags': { latest }, versions })

function project(
  wanted: Readonly<Record<string, string>>,
  locked: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
) {
  const manifest = { name: 'app', version: '1.0.0', dependencies: wanted }
  const packages = Object.fromEntries(Object.entries(locked).map(([name, version]) => [name, { version, license: 'MIT' }]))
  return makeWorkspace({ 'package.json': json(manifest), 'package-lock.json': lockOf(manifest, packages), ...files })
}

const ask = (workspace: string, changes = {}) => look(workspace, { registry: 'ask' }, changes)
const asked = ['deps.outdated', 'deps.deprecated']

describe('the registry', () => {
  it('is not asked by default, which is said', async () => {
    let requests = 0
    await serve((_, response) => {
      requests += 1
      response.end()
    })

    const output = await look(project({ a: '^1.0.0' }, { a: '1.0.0' }))

    expect(requests).toBe(0)
    expect(output.notExamined).toContain('outdated dependencies: the registry was not asked')
  })

  it('tells major versions and deprecations', async () => {
    const urls: string[] = []
    await serve((request, response) => {
      urls.push(`${request.method} ${request.url}`)
      const isScoped = request.url?.includes('%2f') === true
      response.end(isScoped ? metadata('@s/b', '1.5.0', { '1.5.0': {}, '1.0.0': { deprecated: 'Use c.' } }) : metadata('real', '4.0.0'))
    })

    const output = await ask(project({ a: 'npm:real@^1.0.0', '@s/b': '^1.0.0' }, { a: '1.2.0', '@s/b': '1.0.0' }))

    expect(urls.sort()).toEqual(['GET /npm/@s%2fb', 'GET /npm/real'])
    expect(only(output.findings, ...asked)).toMatchObject([
      { rule: 'deps.deprecated', severity: 'medium', line: 6, evidence: '@s/b@1.0.0: Use c.' },
      {
        rule: 'deps.outdated',
        severity: 'low',
        line: 5,
        title: 'real is at major version 1; the registry has 4',
        evidence: "locked 1.2.0; the registry's latest is 4.0.0",
      },
    ])
    expect(output.notExamined.join('\n')).not.toContain('outdated')
  })

  it.each([
    ['answers 405', 405, '', 'not available: the registry answered 405'],
    ['answers 500', 500, metadata('a', '9.0.0'), 'not available: the registry answered 500'],
    ['answers 404', 404, '{}', 'not available: the registry answered 404'],
    ['answers garbage', 200, '<html>', 'not available: the registry answered with something else than JSON'],
    ['answers for another package', 200, metadata('b', '9.0.0'), 'something else than metadata of the package'],
    ['answers a version that it does not list', 200, metadata('a', '9.0.0', {}), 'something else than metadata of the package'],
    [
      'answers a hostile name',
      200,
      '{"name":"a","dist-tags":{"__proto__":{"latest":"9.0.0"}},"versions":{}}',
      'something else than metadata of the package',
    ],
  ])('that %s is never a sign that all is fine', async (_, status, body, expected) => {
    await serve((_request, response) => response.writeHead(status).end(body))

    const output = await ask(project({ a: '^1.0.0' }, { a: '1.0.0' }))

    expect(only(output.findings, ...asked)).toEqual([])
    expect(output.notExamined.join('\n')).toContain('whether a is outdated: ')
    expect(output.notExamined.join('\n')).toContain(expected)
  })

  it('that nobody answers is asked for one package only', async () => {
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:1/')
    const meter = createMeter(ResourceLimits.parse({}))

    const output = await ask(project({ a: '^1.0.0', b: '^1.0.0', c: '^1.0.0' }), { meter })

    expect(meter.usage().networkRequests).toBe(1)
    expect(output.notExamined.join('\n')).toContain('whether a, b, c is outdated: not available: the registry could not be reached (ECONNREFUSED)')
  })

  it('that hangs is given up', async () => {
    const url = await serve((_, response) => response.write('{'))

    const answer = await askRegistry(new URL(url), 'a', contextOf('/'), 50)

    expect(answer).toEqual({ kind: 'unreachable', problem: 'the registry did not answer within 50 ms' })
  })

  it('is left at once when the action is stopped', async () => {
    const controller = new AbortController()
    const url = await serve(() => controller.abort())

    await expect(askRegistry(new URL(url), 'a', contextOf('/', { signal: controller.signal }))).rejects.toMatchObject({ code: 'ACTION_ABORTED' })
  })

  it('that answers without end is cut off', async () => {
    const url = await serve((_, response) => {
      const chunk = Buffer.alloc(1024 * 1024, ' ')
      const more = () => {
        while (!response.destroyed && response.write(chunk));
      }
      response.on('drain', more).on('error', () => undefined)
      more()
    })

    expect(await askRegistry(new URL(url), 'a', contextOf('/'))).toMatchObject({ kind: 'refused', problem: expect.stringContaining('larger than') })
  })

  it('is followed within its origin, never to another', async () => {
    let elsewhere = 0
    const other = await serve((_, response) => {
      elsewhere += 1
      response.end(metadata('a', '9.0.0'))
    })
    const url = await serve((request, response) => {
      if (request.url === '/npm/a') response.writeHead(302, { location: '/npm/moved' }).end()
      else if (request.url === '/npm/moved') response.end(metadata('a', '2.0.0'))
      else if (request.url === '/npm/loop') response.writeHead(302, { location: '/npm/loop' }).end()
      else response.writeHead(302, { location: other }).end()
    })
    const meter = createMeter(ResourceLimits.parse({}))
    const askFor = (name: string) => askRegistry(new URL(url), name, contextOf('/', { meter }))

    expect(await askFor('a')).toMatchObject({ kind: 'known', latest: '2.0.0' })
    expect(meter.usage().networkRequests).toBe(2)
    expect(await askFor('b')).toEqual({ kind: 'refused', problem: 'the registry answered 302, which leads elsewhere' })
    expect(await askFor('loop')).toEqual({ kind: 'refused', problem: 'the registry redirects without end' })
    expect(elsewhere).toBe(0)
  })

  it('is asked no more often than the run may', async () => {
    await serve((request, response) => response.end(metadata(request.url?.slice('/npm/'.length) ?? '', '9.0.0')))
    const limits = ResourceLimits.parse({ max_network_requests: 1 })

    const output = await ask(project({ a: '^1.0.0', b: '^1.0.0' }, { a: '1.0.0', b: '1.0.0' }), { limits, meter: createMeter(limits) })

    expect(only(output.findings, 'deps.outdated')).toMatchObject([{ title: 'a is at major version 1; the registry has 9' }])
    expect(output.notExamined.join('\n')).toContain('whether b is outdated: not available: the limit max_network_requests was reached')
  })

  it('is not the one that the project names', async () => {
    let requests = 0
    const url = await serve((_, response) => {
      requests += 1
      response.end()
    })
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:1/')

    await ask(project({ a: '^1.0.0' }, {}, { '.npmrc': `registry=${url}\n` }))

    expect(requests).toBe(0)
  })

  it.each([
    [undefined, 'https://registry.npmjs.org/'],
    ['https://example.org/npm', 'https://example.org/npm/'],
    ['https://user:secret@example.org/', undefined],
    ['file:///etc', undefined],
    ['nonsense', undefined],
  ])('named %j is %j', (given, expected) => {
    expect(registryUrl({ npm_config_registry: given })?.href).toBe(expected)
  })

  it('is a target that a policy can judge, only when it is asked', () => {
    vi.stubEnv('npm_config_registry', 'https://example.org/')
    const path = { kind: 'path', access: 'read', path: '.' }

    expect(dependencies.targets(dependencies.args.parse({}))).toEqual([path])
    expect(dependencies.targets(dependencies.args.parse({ registry: 'ask' }))).toEqual([path, { kind: 'url', url: 'https://example.org/' }])
  })

  it('gives no reason to hide other failures', async () => {
    const meter = {
      ...createMeter(ResourceLimits.parse({})),
      use: () => {
        throw new ControllerError('INTERNAL', 'x')
      },
    }

    await expect(ask(project({ a: '^1.0.0' }), { meter })).rejects.toMatchObject({ code: 'INTERNAL' })
  })
})
