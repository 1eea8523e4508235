import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { ControllerError, FAILURES, failure, toFailure } from '../src/errors.ts'

interface Section {
  readonly code: string
  readonly stage: string | undefined
  readonly meaning: string
  readonly remedy: string
}

/** The sections of docs/errors.md: heading, stage, what it means, what to do. */
function readSections(text: string): readonly Section[] {
  const [, ...sections] = text.split(/^## /m)
  return sections.map((section) => {
    const [code = '', stage, meaning = '', remedy = ''] = section.split('\n\n').map((paragraph) => paragraph.trim())
    return { code, stage, meaning, remedy }
  })
}

const sections = readSections(await readFile(new URL('../docs/errors.md', import.meta.url), 'utf8'))

describe('docs/errors.md', () => {
  it('has a section for every code and no other, in the order of the table', () => {
    expect(sections.map(({ code }) => code)).toEqual(Object.keys(FAILURES))
  })

  it.each(Object.entries(FAILURES))('says of %s its stage, what it means and what to do', (code, { stage, retryable }) => {
    const section = sections.find((one) => one.code === code)

    expect(section?.stage).toBe(`Stage: ${stage}${retryable ? ', retryable' : ''}.`)
    expect(section?.meaning).toMatch(/^[A-Z`].{20,}\.$/)
    expect(section?.remedy).toMatch(/^\*\*What to do:\*\* [A-Z`].{10,}\.$/)
  })

  it('would be found out of step', () => {
    const [first] = readSections('# Errors\n\n## SOME_CODE\n\nStage: goal.\n\n')

    expect(first).toEqual({ code: 'SOME_CODE', stage: 'Stage: goal.', meaning: '', remedy: '' })
  })
})

describe('the hints of the table', () => {
  it.each(Object.entries(FAILURES))('tell what to do about %s in one imperative sentence', (_, { hint }) => {
    expect(hint).toMatch(/^[A-Z][^\n]+\.$/)
  })
})

describe('toFailure', () => {
  it('keeps everything a ControllerError says', () => {
    const error = new ControllerError('PLAN_INVALID', 'the plan has 2 errors', { hint: 'Look at line 3.', cause: new Error('inner') })

    expect(toFailure(error)).toEqual({
      code: 'PLAN_INVALID',
      stage: 'plan',
      message: 'the plan has 2 errors',
      hint: 'Look at line 3.',
      retryable: false,
    })
    expect(error.cause).toBeInstanceOf(Error)
  })

  it('takes the table entry of the code it is told when the thrown value is not one of ours', () => {
    expect(toFailure(new TypeError('x is not a function'), 'ORACLE_FAILED')).toEqual(failure('ORACLE_FAILED', 'x is not a function'))
    expect(toFailure('just text').code).toBe('INTERNAL')
  })

  it('passes a failure that is data already', () => {
    const given = failure('ACTION_TIMEOUT', 'too slow')

    expect(toFailure(JSON.parse(JSON.stringify(given)))).toEqual(given)
  })
})
