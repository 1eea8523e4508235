import { describe, expect, it } from 'vitest'
import { maskReferences, UNRESOLVED } from '../../../src/services/guard/references.ts'

describe('maskReferences', () => {
  it('replaces references wherever they stand and tells where', () => {
    const masked = maskReferences({ a: '${steps.scan.output}', b: ['x', { c: 'in ${steps.a-b.output.files.0} text' }], d: 1 })

    expect(masked).toEqual({ args: { a: UNRESOLVED, b: ['x', { c: `in ${UNRESOLVED} text` }], d: 1 }, paths: [['a'], ['b', 1, 'c']] })
  })

  it('leaves everything else as it is', () => {
    const args = { a: '${workspace}', b: '${steps.X.output}', c: '${steps.a.input}', d: 'steps.a.output', e: null, f: true }

    expect(maskReferences(args)).toEqual({ args, paths: [] })
  })
})
