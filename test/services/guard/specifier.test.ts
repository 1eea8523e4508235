import { describe, expect, it } from 'vitest'
import { matchTarget, type CheckedTarget } from '../../../src/services/guard/match-target.ts'
import { compileSpecifier } from '../../../src/services/guard/specifier.ts'

const PLACES = { workspace: '/ws', workspaceAlias: '/ws', stateDir: '/ws/.planner-exec', home: '/home/a' }
const TARGETS: Record<string, CheckedTarget> = {
  path: { kind: 'path', access: 'read', names: ['/ws/git'] },
  command: { kind: 'command', argv: ['git'] },
  url: { kind: 'url', scheme: 'https', host: 'git', port: '443', path: '/', hasQuery: false, isAddress: false, isPublic: true },
}

function granted(text: string): readonly string[] | string {
  const compiled = compileSpecifier(text)
  if (typeof compiled === 'string') return compiled
  return Object.keys(TARGETS).filter((kind) => TARGETS[kind] && compiled.grants(matchTarget(TARGETS[kind], PLACES)))
}

describe('a specifier', () => {
  it.each([
    ['fs.read', ['path', 'command', 'url']],
    ['*', ['path', 'command', 'url']],
    ['*(git)', ['path', 'command']],
    ['*(**)', ['path']],
    ['*(${workspace}/git)', ['path']],
    ['*(git *)', ['command']],
    ['*({git})', ['url']],
  ])('%s grants targets of the kinds %j', (text, kinds) => {
    expect(granted(text)).toEqual(kinds)
  })

  it('keeps parentheses of the pattern', () => {
    expect(compileSpecifier('fs.read(a(b|c))')).toMatchObject({ capability: 'fs.read', specifier: 'a(b|c)' })
  })

  it.each([
    ['', 'not a capability'],
    ['fs.read.v1', 'write "fs.read"'],
    ['fs.*.x', 'not a capability'],
    ['FS.read', 'not a capability'],
    ['fs.read(', 'no closing parenthesis'],
    ['fs.read(a', 'no closing parenthesis'],
    ['fs.read()', 'nothing between'],
    ['http.fetch({a b})', 'not a host'],
  ])('is refused when it is %j', (text, problem) => {
    expect(compileSpecifier(text)).toContain(problem)
  })

  it('covers a path with two names only when both are covered, and prohibits it for either', () => {
    const compiled = compileSpecifier('fs.read(out/**)')
    const target: CheckedTarget = { kind: 'path', access: 'read', names: ['/ws/out/a', '/ws/src/a'] }

    const outcome =
      typeof compiled === 'string' ? compiled : [compiled.grants(matchTarget(target, PLACES)), compiled.reaches(matchTarget(target, PLACES))]

    expect(outcome).toEqual([false, true])
  })
})
