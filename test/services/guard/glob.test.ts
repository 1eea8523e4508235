import { describe, expect, it } from 'vitest'
import { compilePath, viewPath } from '../../../src/services/guard/glob.ts'

const PLACES = { workspace: '/ws', workspaceAlias: '/ws', stateDir: '/ws/.planner-exec', home: '/home/a' }

function matches(pattern: string, path: string, wide = false, places = PLACES): boolean | string {
  const compiled = compilePath(pattern)
  return typeof compiled === 'string' ? compiled : compiled.matches(viewPath(path, places), wide)
}

describe('a path pattern', () => {
  it.each([
    ['${workspace}/**', '/ws', true],
    ['${workspace}/**', '/ws/a/.b/c', true],
    ['${workspace}/**', '/wsx/a', false],
    ['${workspace}', '/ws', true],
    ['${workspace}', '/ws/a', false],
    ['.', '/ws', true],
    ['**', '/ws', true],
    ['*', '/ws/a', true],
    ['*', '/ws/a/b', false],
    ['**/.env*', '/ws/.env', true],
    ['**/.env*', '/ws/a/.env.local', true],
    ['**/.env*', '/ws/a/env', false],
    ['src/**', '/ws/src', true],
    ['src/', '/ws/src', true],
    ['./src//a', '/ws/src/a', true],
    ['src/*.{ts,js}', '/ws/src/a.js', true],
    ['!src', '/ws/other', false],
    ['${home}/x', '/home/a/x', true],
    ['/ws/src/**', '/ws/src/a', true],
    ['/etc/**', '/ws/etc/a', false],
    ['Src/a', '/ws/src/a', false],
  ])('%s matches %s: %s', (pattern, path, expected) => {
    expect(matches(pattern, path)).toBe(expected)
  })

  it('prohibits every letter case and Unicode form', () => {
    expect(matches('**/.env*', '/ws/.ENV', true)).toBe(true)
    expect(matches('caf\u00e9', '/ws/cafe\u0301', true)).toBe(true)
  })

  it('reads nothing into special characters of the workspace itself', () => {
    const places = { ...PLACES, workspace: '/w(s)[1]*{a}' }

    expect(matches('${workspace}/src/**', '/w(s)[1]*{a}/src/a', false, places)).toBe(true)
    expect(matches('${workspace}/**', '/ws1xa/src', false, places)).toBe(false)
  })

  it.each([
    ['a[b', 'not a pattern'],
    ['[z-a]', 'not a pattern'],
    ['a)', 'not a pattern'],
    ['../x', '".."'],
    ['${workspace}/../x', '".."'],
    ['${root}/x', 'unknown or misplaced'],
    ['src/${workspace}', 'unknown or misplaced'],
    ['${workspace}x', 'unknown or misplaced'],
  ])('is refused when it is %s', (pattern, problem) => {
    expect(compilePath(pattern)).toContain(problem)
  })
})
