import { describe, expect, it } from 'vitest'
import type { Action, Target } from '../../../src/model/action.ts'
import { TrajectorySettings, type TrajectorySettingsInput } from '../../../src/model/trajectory.ts'
import type { Taint } from '../../../src/model/verdict.ts'
import { judgeProvenance } from '../../../src/services/guard/provenance.ts'
import type { CapabilityDefinition } from '../../../src/services/executor/executor.ts'
import { action, makeGuard, SCOPE } from './fixtures.ts'

type Effect = CapabilityDefinition['effect']

interface Case {
  readonly effect: Effect
  readonly args?: Action['args']
  readonly targets?: readonly Target[]
  readonly pinned?: boolean
  readonly taint?: readonly Taint[]
  readonly settings?: TrajectorySettingsInput
}

const judge = ({ effect, args = {}, targets = [], pinned = true, taint = [], settings = {} }: Case) =>
  judgeProvenance({ name: 'test.it.v1', effect }, args, targets, { pinned, taint }, TrajectorySettings.parse(settings))
const from = (path: string, source: Taint['source'] = 'file'): Taint => ({ path, source, from: 'look' })
const writing = (path: string): Target => ({ kind: 'path', access: 'write', path })
const reading = (path: string): Target => ({ kind: 'path', access: 'read', path })
const url: Target = { kind: 'url', url: 'https://example.org/' }

describe('an action that was planned before anything was read', () => {
  it('is not spoken against when nothing in it was read', () => {
    expect(judge({ effect: 'external', targets: [url] })).toBe(null)
  })
})

describe('an action that was planned after the run had read something', () => {
  it.each<[Effect, readonly Target[], boolean]>([
    ['read', [reading('a')], false],
    ['read', [], false],
    ['read', [url], true],
    ['read', [{ kind: 'command', argv: ['ls'] }], true],
    ['write', [writing('a')], true],
    ['idempotent', [writing('a')], true],
    ['external', [], true],
  ])('with the effect %s on %j needs a person: %s', (effect, targets, asks) => {
    expect(judge({ effect, targets, pinned: false })?.ruleId ?? null).toBe(asks ? 'builtin:unpinned' : null)
  })

  it('is refused, or let be, as the policy says', () => {
    expect(judge({ effect: 'write', pinned: false, settings: { unplanned: 'deny' } })).toMatchObject({ decision: 'deny' })
    expect(judge({ effect: 'write', pinned: false, settings: { pin: 'off' } })).toBe(null)
  })
})

describe('a value that was read', () => {
  it.each<[string, Case, boolean]>([
    ['in what leaves the machine', { effect: 'external', args: { body: 'x' }, targets: [url], taint: [from('body')] }, true],
    ['in an address that is asked', { effect: 'read', args: { url: 'x' }, targets: [url], taint: [from('url')] }, true],
    ['in a command', { effect: 'external', args: { argv: ['x'] }, targets: [{ kind: 'command', argv: ['x'] }], taint: [from('argv.0')] }, true],
    [
      'in the content of a file of the workspace',
      { effect: 'write', args: { path: 'a', content: 'x' }, targets: [writing('a')], taint: [from('content')] },
      false,
    ],
    ['as the name of what is changed', { effect: 'write', args: { path: 'x' }, targets: [writing('x')], taint: [from('path')] }, true],
    ['as part of that name', { effect: 'write', args: { folder: 'x' }, targets: [writing('x/a.txt')], taint: [from('folder')] }, true],
    ['as the name of what is read', { effect: 'read', args: { path: 'x' }, targets: [reading('x')], taint: [from('path')] }, false],
    ['in a change that does not say what it touches', { effect: 'write', args: { body: 'x' }, taint: [from('body')] }, true],
    ['where it cannot be found again', { effect: 'write', args: { path: 'a' }, targets: [writing('a')], taint: [from('gone.deeper')] }, true],
  ])('%s needs a person: %#', (_, given, asks) => {
    expect(judge(given)?.ruleId ?? null).toBe(asks ? 'builtin:taint' : null)
  })

  it.each<[string, Action['args'], string]>([
    ['a list of names', { paths: ['x', 'y'] }, 'paths'],
    ['an object with the name in it', { file: { name: 'x' } }, 'file'],
  ])('as %s needs a person', (_, args, path) => {
    expect(judge({ effect: 'write', args, targets: [writing('x')], taint: [from(path)] })).toMatchObject({ ruleId: 'builtin:taint' })
  })

  it('in a question matters only when everything is followed', () => {
    const asking: Case = { effect: 'read', args: { url: 'x' }, targets: [url], taint: [from('url')] }

    expect(judge({ ...asking, settings: { taint: 'sinks' } })).toBe(null)
    expect(judge({ ...asking, settings: { taint: 'everything' } })).not.toBe(null)
    expect(judge({ ...asking, settings: { taint: 'off' } })).toBe(null)
  })

  it('is named with where it comes from, three of many', () => {
    const taint = [from('a', 'web'), from('b', 'tool'), from('c'), from('d'), from('e')]

    const ruling = judge({ effect: 'external', taint, settings: { tainted: 'deny' } })

    expect(ruling).toMatchObject({ decision: 'deny', ruleId: 'builtin:taint' })
    expect(ruling?.reason).toBe(
      '"a" comes from a page that was fetched ("look"); "b" comes from a tool\'s output ("look"); "c" comes from a file that was read ("look"); and 2 more',
    )
  })
})

describe('the guard', () => {
  const scope = (pinned: boolean, taint: readonly Taint[] = []) => ({ ...SCOPE, provenance: () => ({ pinned, taint }) })
  const write = action('fs.write.v1', { path: 'out/x', content: '' })

  it('asks about a value that was read although the policy allows the action, tells it, and counts it as a risk', async () => {
    const { guard } = await makeGuard({ defaults: { '*': 'allow' } })

    const plain = await guard.judge(write, scope(true))
    const tainted = await guard.judge(write, scope(true, [from('path')]))

    expect(plain).toMatchObject({ decision: 'allow' })
    expect(tainted).toMatchObject({ decision: 'ask', ruleId: 'builtin:taint', risk: 'high', taint: [from('path')] })
    expect(tainted.score).toBeGreaterThan(plain.score ?? 100)
  })

  it('is not softened by it: what the policy denies stays denied by the policy', async () => {
    const { guard } = await makeGuard({ rules: [{ deny: 'fs.write(**)' }] })

    expect(await guard.judge(write, scope(false))).toMatchObject({ decision: 'deny', ruleId: 'test:rules[0].deny' })
  })

  it.each([
    ['strict', 'ask'],
    ['permissive', 'ask'],
    ['monitor', 'allow'],
    ['disabled', 'allow'],
  ])('under enforcement %s answers %s', async (enforcement, decision) => {
    const { guard } = await makeGuard({ enforcement, defaults: { '*': 'allow' } })

    expect((await guard.judge(write, scope(false))).decision).toBe(decision)
  })

  it('lets no grant for something like it pass what was read into its name', async () => {
    const { guard } = await makeGuard({ defaults: { '*': 'ask' } })
    const grants = () => [{ action: action('fs.write.v1', { path: 'out/y', content: '' }), ruleId: 'test:defaults.*', by: 'ada' }]

    expect(await guard.judge(write, { ...scope(true), grants })).toMatchObject({ decision: 'allow', ruleId: 'grant:step' })
    expect(await guard.judge(write, { ...scope(true, [from('path')]), grants })).toMatchObject({ decision: 'ask', ruleId: 'builtin:taint' })
  })
})
