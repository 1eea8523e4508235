import { describe, expect, it } from 'vitest'
import { createSuggester, nearest } from '../../src/input/nearest.ts'

describe('nearest', () => {
  it('finds what was meant, and nothing where nothing is near', () => {
    expect([nearest('shel.exec', ['fs.read', 'shell.exec']), nearest('database.query', ['fs.read'])]).toEqual(['shell.exec', null])
  })
})

describe('createSuggester', () => {
  it('stops suggesting after twenty names, so that a hostile text costs no time', () => {
    const suggest = createSuggester(['alpha'])

    const answers = Array.from({ length: 30 }, (_, at) => suggest(`alph${at}`.slice(0, 5)))
    const later = Array.from({ length: 30 }, (_, at) => suggest(`alpha${String.fromCharCode(97 + at)}`))

    expect(answers.every((answer) => answer === 'alpha')).toBe(true)
    expect(later.at(-1)).toBeNull()
  })
})
