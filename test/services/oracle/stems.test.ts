import { describe, expect, it } from 'vitest'
import { negates, stemsOf } from '../../../src/services/oracle/stems.ts'

describe('stemsOf', () => {
  it.each([
    'analyze analyse analyzes analysed analyzing analysis analyses',
    'improve improves improved improving improvement improvements',
    'suggest suggests suggesting suggestion suggestions',
    'dependency dependencies deps',
    'repo repos repository repositories codebase code-base project projects',
    'plan plans planned planning',
    'organise organize organized organising',
    'class classes',
    'docs documentation',
  ])('makes one of: %s', (words) => {
    expect(new Set(words.split(' ').flatMap(stemsOf)).size).toBe(1)
  })

  it.each(['test text', 'string strip', 'status state', 'process progress', 'bring brim', 'code coder'])('keeps apart: %s', (words) => {
    expect(stemsOf(words)).toHaveLength(2)
  })

  it('knows case, accents and fillers in any script', () => {
    expect(stemsOf('Please ＲＥＶＩＥＷ the Café')).toEqual(['review', 'café'])
    expect(stemsOf('このコード')).toEqual(['この', 'のコ', 'コー', 'ード'])
    expect(stemsOf('المشروع')).toEqual(['المشروع'])
    expect(stemsOf('… !!! 🎉')).toEqual([])
  })

  it('takes little time for long words', () => {
    const started = performance.now()
    stemsOf(`${'ing'.repeat(3_000)} ${'b'.repeat(9_000)}`)

    expect(performance.now() - started).toBeLessThan(500)
  })
})

describe('negates', () => {
  it('hears what is not to be done', () => {
    expect(["don't run it", 'do not run it', 'run without tests', 'never run'].map(negates)).toEqual([true, true, true, true])
    expect(['run it', 'note the knot'].map(negates)).toEqual([false, false])
  })
})
