import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeReferences, MAX_REFERENCE_TEXT, readPath, referenceProblemsIn, referencesIn, substituteReferences } from '../../src/model/reference.ts'
import type { JsonObject } from '../../src/model/json.ts'

const outputs: Record<string, JsonObject> = {
  list: { files: ['a.ts', 'b.ts'], count: 2, nested: { deep: [{ name: 'x' }] }, none: null, text: 'hello' },
}
const read = (stepId: string): JsonObject | null => outputs[stepId] ?? null
const resolve = (args: JsonObject) => substituteReferences(args, read)

describe('substituteReferences', () => {
  it.each([
    ['${steps.list.output.count}', 2],
    ['${steps.list.output.files}', ['a.ts', 'b.ts']],
    ['${steps.list.output.files.1}', 'b.ts'],
    ['${steps.list.output.nested.deep.0.name}', 'x'],
    ['${steps.list.output.none}', null],
    ['${steps.list.output}', outputs['list']],
  ])('gives %s its typed value', (text, value) => {
    expect(resolve({ in: { a: [text] } })).toEqual({ args: { in: { a: [value] } } })
  })

  it.each([
    ['src/${steps.list.output.files.0}', 'src/a.ts'],
    ['${steps.list.output.text} ${steps.list.output.count}', 'hello 2'],
    ['see ${steps.list.output.files}', 'see ["a.ts","b.ts"]'],
    ['a $${steps.list.output.count} b', 'a ${steps.list.output.count} b'],
    ['${HOME} $${x} ${step.list}', '${HOME} $${x} ${step.list}'],
    ['costs $5', 'costs $5'],
  ])('turns %s into text', (text, value) => {
    expect(resolve({ a: text })).toEqual({ args: { a: value } })
  })

  it('does not search what it put in', () => {
    const answer = substituteReferences({ a: 'x ${steps.evil.output.a}', b: '${steps.evil.output.a}' }, () => ({ a: '${steps.list.output.text}' }))

    expect(answer).toEqual({ args: { a: 'x ${steps.list.output.text}', b: '${steps.list.output.text}' } })
  })

  it('cuts long text, says so, and leaves no half character', () => {
    const answer = substituteReferences({ a: '>${steps.list.output.text}' }, () => ({ text: '😀'.repeat(20_000) }))

    const text = 'args' in answer ? String(answer.args['a']) : ''
    expect(text.length).toBeLessThanOrEqual(MAX_REFERENCE_TEXT + 1)
    expect(text).toMatch(/😀… \[\d+ more characters\]$/u)
    expect(text).not.toMatch(/\p{Surrogate}/u)
  })

  it.each([
    ['${steps.none.output.a}', 'step "none" has no output'],
    ['${steps.list.output.nothing}', 'the output has no `nothing`: it has files, count, nested, none, text'],
    ['${steps.list.output.files.7}', '`files` has no `7`: it is a list of 2'],
    ['${steps.list.output.files.length}', '`files` has no `length`: it is a list of 2'],
    ['${steps.list.output.text.0}', '`text` has no `0`: it is a string'],
    ['${steps.list.output.toString}', 'the output has no `toString`: it has files, count, nested, none, text'],
    ['${steps.list.output.__proto__}', 'its path may not go through `__proto__`'],
    ['${steps.list.output.constructor.name}', 'its path may not go through `constructor`'],
    ['${steps.list.files}', 'after the id of the step comes `.output`'],
    ['${steps.List.output.a}', 'after `steps.` comes the id of a step'],
    ['${steps.list.output.a..b}', 'its path has an empty part'],
    ['${ steps.list.output.a }', 'it holds white space or a bracket; array indexes are written .0'],
    ['${steps[0].output}', 'it holds white space or a bracket; array indexes are written .0'],
  ])('refuses %s', (text, problem) => {
    expect(resolve({ a: text })).toEqual({ reference: text, problem })
  })

  it('refuses a reference that is never closed, one in a key, and too many', () => {
    expect(resolve({ a: `\${steps.list.output.${'x'.repeat(400)}` })).toMatchObject({ problem: expect.stringContaining('not closed') })
    expect(resolve({ '${steps.list.output.text}': 1 })).toMatchObject({ problem: 'a reference cannot stand in a key' })
    expect(resolve({ a: '${steps.list.output.count}'.repeat(257) })).toMatchObject({ problem: expect.stringContaining('257 references') })
  })

  it('refuses arguments and values that nest too deeply', () => {
    let deep: JsonObject = {}
    for (let level = 0; level < 5_000; level += 1) deep = { a: deep }

    expect(resolve(deep)).toMatchObject({ problem: expect.stringContaining('deeper than 64') })
    expect(substituteReferences({ a: '${steps.list.output}' }, () => deep)).toMatchObject({ problem: expect.stringContaining('deeper than 64') })
  })

  it('refuses text that no digest can be made of', () => {
    const answer = substituteReferences({ a: '${steps.list.output.text}' }, () => ({ text: 'a\ud800' }))

    expect(answer).toEqual({ reference: '${steps.list.output.text}', problem: 'the value holds text that is not valid Unicode' })
  })

  it('copies what it puts in', () => {
    const answer = resolve({ a: '${steps.list.output.files}' })

    expect('args' in answer && answer.args['a']).not.toBe(outputs['list']?.['files'])
  })

  it('keeps a key called __proto__ an ordinary key', () => {
    const answer = substituteReferences({ a: '${steps.list.output}' }, () => JSON.parse('{"__proto__":{"polluted":true}}'))

    expect('args' in answer && Object.getPrototypeOf(answer.args['a'])).toBe(Object.prototype)
    expect(JSON.stringify(answer)).toBe('{"args":{"a":{"__proto__":{"polluted":true}}}}')
  })

  it('resolves any escaped text to itself', () => {
    const part = fc.oneof(
      fc.constantFrom('${', '$', '{', '}', 'steps.', 'list.output.count', ' ', '[', '${steps.list.output.count}'),
      fc.string({ unit: 'grapheme' }),
    )

    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const text = parts.join('')
        expect(resolve({ a: escapeReferences(text) })).toEqual({ args: { a: text } })
      }),
    )
  })

  it('never throws, whatever the arguments and the outputs', () => {
    const text = fc
      .array(fc.constantFrom('${steps.', 'list', '.output', '.count', '.0', '}', '$', '${', 'x'), { maxLength: 10 })
      .map((parts) => parts.join(''))
    const value = fc.letrec((tie) => ({
      json: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.integer(),
        fc.constant(null),
        fc.array(tie('json'), { maxLength: 3 }),
        fc.dictionary(text, tie('json'), { maxKeys: 3 }),
      ),
    })).json

    fc.assert(
      fc.property(fc.dictionary(fc.string(), value as fc.Arbitrary<never>, { maxKeys: 3 }), value as fc.Arbitrary<never>, (args, output) => {
        substituteReferences(args, () => ({ count: output }))
      }),
    )
  })
})

describe('referencesIn', () => {
  it('finds each reference with its step, path and place', () => {
    const found = referencesIn({ a: ['x', { b: '${steps.s1.output.k.0}' }], c: 'p ${steps.s2.output}' })

    expect(found).toEqual([
      { text: '${steps.s1.output.k.0}', stepId: 's1', path: ['k', '0'], at: ['a', 1, 'b'], whole: true },
      { text: '${steps.s2.output}', stepId: 's2', path: [], at: ['c'], whole: false },
    ])
  })

  it('leaves what is malformed to referenceProblemsIn', () => {
    const args = { a: '${steps.s1.output.k} ${steps.s1}' }

    expect(referencesIn(args)).toHaveLength(1)
    expect(referenceProblemsIn(args)).toEqual([{ text: '${steps.s1}', at: ['a'], problem: 'after the id of the step comes `.output`' }])
  })

  it('takes time in proportion to the text', () => {
    const hostile = `${'${ '.repeat(200_000)}${'$${steps.'.repeat(50_000)}`

    const started = performance.now()
    referencesIn({ a: hostile })

    expect(performance.now() - started).toBeLessThan(2_000)
  })
})

describe('readPath', () => {
  it('reads own properties only', () => {
    const value: JsonObject = Object.create({ inherited: 1 })

    expect(readPath(value, ['inherited'])).toMatchObject({ found: false })
    expect(readPath({ constructor: 1 }, ['constructor'])).toMatchObject({ found: false })
    expect(readPath({ own: 1 }, ['own'])).toEqual({ found: true, value: 1 })
  })
})
