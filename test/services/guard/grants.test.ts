import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Action } from '../../../src/model/action.ts'
import type { CapabilityDefinition } from '../../../src/services/executor/executor.ts'
import { shellExec } from '../../../src/services/executor/capabilities/shell.exec.ts'
import { grantFor } from '../../../src/services/guard/grants.ts'
import type { CheckedTarget } from '../../../src/services/guard/match-target.ts'
import { inspectTargets } from '../../../src/services/guard/inspect.ts'
import type { Places } from '../../../src/services/guard/path.ts'
import { action, exec, tinyCatalog } from './fixtures.ts'

const WORKSPACE = '/ws'
const places: Places = { workspace: WORKSPACE, workspaceAlias: WORKSPACE, stateDir: join(WORKSPACE, '.planner-exec'), home: '/home/somebody' }
const RULE = 'test:rules[0].ask'

function definitionOf(name: string): CapabilityDefinition {
  const definition = tinyCatalog().get(name)
  if (definition === undefined) throw new Error(`no ${name}`)
  return definition
}

interface Case {
  readonly granted: Action
  readonly asked: Action
  readonly ruleId?: string
  readonly grantRuleId?: string
  readonly definition?: CapabilityDefinition
}

/** Whether a grant for one action covers another one that the same rule asks about. */
function covers({ granted, asked, ruleId = RULE, grantRuleId = ruleId, definition = definitionOf(asked.capability) }: Case): boolean {
  const targets: readonly CheckedTarget[] = inspectTargets(definition.targets(definition.args.parse(asked.args)), places).checked
  return grantFor([{ action: granted, ruleId: grantRuleId, by: 'ada' }], { action: asked, definition, targets, ruleId }, places) !== undefined
}

const write = (path: string) => action('fs.write.v1', { path })
const shell = (args: Action['args']) => action('shell.exec.v1', args)

describe('a grant for the same arguments', () => {
  it('covers them when the same rule asks, whatever they are', () => {
    expect(covers({ granted: exec('bash', '-c', 'make'), asked: exec('bash', '-c', 'make') })).toBe(true)
    expect(covers({ granted: action('note.add.v1', { body: 1 }), asked: action('note.add.v1', { body: 1 }) })).toBe(true)
  })

  it('covers nothing when another rule asks, or another capability is asked for', () => {
    expect(covers({ granted: write('a'), asked: write('a'), grantRuleId: 'test:rules[1].ask' })).toBe(false)
    expect(covers({ granted: { ...write('a'), capability: 'fs.copy.v1' }, asked: write('a') })).toBe(false)
  })

  it('covers the same that was asked for because of what was read, and nothing like it', () => {
    expect(covers({ granted: write('out/a'), asked: write('out/a'), ruleId: 'builtin:taint' })).toBe(true)
    expect(covers({ granted: write('out/a'), asked: write('out/b'), ruleId: 'builtin:taint' })).toBe(false)
  })
})

describe('a grant for a path', () => {
  it.each([
    ['out/a.txt', 'out/b.txt', true],
    ['out/a.txt', './out/../out/b.txt', true],
    ['out/a.txt', 'out/deeper/b.txt', false],
    ['out/a.txt', 'outer/b.txt', false],
    ['out/a.txt', 'b.txt', false],
    ['a.txt', 'out/b.txt', false],
  ])('%s covers %s: %s', (granted, asked, expected) => {
    expect(covers({ granted: write(granted), asked: write(asked) })).toBe(expected)
  })

  it('covers no other way of access', () => {
    const copy = (from: string, to: string) => action('fs.copy.v1', { from, to })

    expect(covers({ granted: copy('in/a', 'out/a'), asked: copy('in/b', 'out/b') })).toBe(true)
    expect(covers({ granted: copy('in/a', 'out/a'), asked: copy('out/a', 'in/a') })).toBe(false)
  })

  it('covers a link only where the file that it leads to is in the folder as well', () => {
    const asked: CheckedTarget = { kind: 'path', access: 'write', names: ['/ws/out/link', '/ws/src/code.ts'] }
    const grants = [{ action: write('out/a.txt'), ruleId: RULE, by: 'ada' }]

    expect(grantFor(grants, { action: write('out/link'), definition: definitionOf('fs.write.v1'), targets: [asked], ruleId: RULE }, places)).toBe(
      undefined,
    )
  })
})

describe('a grant for a command', () => {
  it.each([
    [['git', 'add', 'a'], ['git', 'add', 'b'], true],
    [['git', 'add', 'a'], ['git', 'push', 'a'], false],
    [['git', 'add', 'a'], ['git', 'add', '--force', 'a'], false],
    [['git', 'add', '--', 'a'], ['git', 'add', '--', 'b'], true],
    [['make', 'all'], ['/tmp/make', 'all'], false],
    [['make', 'all'], ['make', 'all', 'SHELL=x', '-f', 'other'], false],
    [['rm', 'a'], ['rm', '-rf', 'a'], false],
    [['env', 'FOO=1', 'ls'], ['env', 'FOO=1', 'rm'], false],
    [['timeout', '5', 'ls'], ['timeout', '5', 'rm'], false],
    [['python3', 'a.py', 'x'], ['python3', 'a.py', 'y'], false],
    [['find', '.', '-exec', 'ls', '{}', ';'], ['find', '.', '-exec', 'rm', '{}', ';'], false],
  ])('%j covers %j: %s', (granted, asked, expected) => {
    expect(covers({ granted: exec(...granted), asked: exec(...asked) })).toBe(expected)
  })

  it.each([
    [
      ['sed', '-i', 's/a/b/', 'x'],
      ['sed', '-i', '1e touch pwned', 'x'],
    ],
    [
      ['git', '-c', 'user.name=ada', 'add', 'x'],
      ['git', '-c', 'core.fsmonitor=touch pwned', 'add', 'x'],
    ],
    [
      ['awk', '-v', 'x=1', '{ print x }', 'a'],
      ['awk', '-v', 'x=1', 'BEGIN { system("touch pwned") }'],
    ],
    [
      ['sqlite3', 'a.db', 'select 1'],
      ['sqlite3', 'a.db', '.shell touch pwned'],
    ],
  ])('%j does not cover the program text of %j', (granted, asked) => {
    expect(covers({ granted: exec(...granted), asked: exec(...asked) })).toBe(false)
  })

  it.each([
    ['another folder to run in', { argv: ['./tool', 'go', 'b'], cwd: 'theirs' }],
    ['other variables', { argv: ['./tool', 'go', 'b'], cwd: 'mine', env: { NODE_ENV: 'production' } }],
    ['another input', { argv: ['./tool', 'go', 'b'], cwd: 'mine', stdin: 'drop table' }],
  ])('does not cover %s', (_, args) => {
    const granted = shell({ argv: ['./tool', 'go', 'a'], cwd: 'mine' })

    expect(covers({ granted, asked: shell(args), definition: shellExec as unknown as CapabilityDefinition })).toBe(false)
  })
})

describe('a grant for an address', () => {
  const fetch = (url: string, method?: string) => action('http.fetch.v1', { url, ...(method === undefined ? {} : { method }) })
  const definition = definitionOf('http.fetch.v1')
  const coversUrl = (granted: Action, asked: Action): boolean => {
    const targets = inspectTargets(definition.targets({ url: asked.args['url'] }), places).checked
    return grantFor([{ action: granted, ruleId: RULE, by: 'ada' }], { action: asked, definition, targets, ruleId: RULE }, places) !== undefined
  }

  it.each([
    ['https://example.org/a', 'https://example.org/b?c', true],
    ['https://example.org/a', 'https://EXAMPLE.org:443/b', true],
    ['https://example.org/a', 'http://example.org/a', false],
    ['https://example.org/a', 'https://example.org:8443/a', false],
    ['https://example.org/a', 'https://example.org.evil.example/a', false],
    ['https://example.org/a', 'https://api.example.org/a', false],
  ])('%s covers %s: %s', (granted, asked, expected) => {
    expect(coversUrl(fetch(granted), fetch(asked))).toBe(expected)
  })

  it('covers no other method', () => {
    const send = (method: string): Action => action('http.fetch.v1', { url: 'https://example.org/a', method })
    const other: Action = { ...send('DELETE'), args: { ...send('DELETE').args, url: 'https://example.org/b' } }
    const open: CapabilityDefinition = { ...definition, args: definition.args.loose() }
    const targets = inspectTargets([{ kind: 'url', url: 'https://example.org/b' }], places).checked
    const find = (granted: Action) =>
      grantFor([{ action: granted, ruleId: RULE, by: 'ada' }], { action: other, definition: open, targets, ruleId: RULE }, places)

    expect(find(send('POST'))).toBe(undefined)
    expect(find(send('DELETE'))).toMatchObject({ by: 'ada' })
  })
})

describe('a grant for what touches nothing that can be compared', () => {
  it('covers nothing like it', () => {
    expect(covers({ granted: action('note.add.v1', { body: 1 }), asked: action('note.add.v1', { body: 2 }) })).toBe(false)
  })
})
