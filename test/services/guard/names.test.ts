import { describe, expect, it } from 'vitest'
import { baseNameOf, coversName, knownNames, unknownNameProblem } from '../../../src/services/guard/names.ts'

describe('coversName', () => {
  it.each([
    ['fs.read', 'fs.read', true],
    ['fs.*', 'fs.read', true],
    ['fs.*', 'fs', false],
    ['fs.*', 'fsx.read', false],
    ['*', 'anything.at.all', true],
    ['fs.re', 'fs.read', false],
  ])('%s covers %s: %s', (pattern, name, expected) => {
    expect(coversName(pattern, name)).toBe(expected)
  })
})

describe('names', () => {
  it('lose only a version at their end', () => {
    expect(['fs.read.v12', 'fs.v2.read.v1', 'fs.v0'].map(baseNameOf)).toEqual(['fs.read', 'fs.v2.read', 'fs.v0'])
  })

  it('of shipped capabilities may be used without them', () => {
    expect(unknownNameProblem('shell.exec', knownNames([]))).toBeNull()
    expect(unknownNameProblem('my.own', knownNames(['my.own.v1']))).toBeNull()
    expect(unknownNameProblem('my.other', knownNames(['my.own.v1']))).toContain('no capability is called "my.other"')
  })
})
