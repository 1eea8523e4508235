import { describe, expect, it } from 'vitest'
import { assembleReport, explainFinding, findFinding } from '../../../src/services/telemetry/report.ts'
import { parseSuppressions } from '../../../src/services/telemetry/suppressions.ts'
import { finding, input } from './report.fixture.ts'

const ID = 'types.any-46c6ba0b'
const findings = [finding(), finding({ line: 9, evidence: 'let b: any' }), finding({ rule: 'size.large-file', line: null })]
const report = assembleReport(input({ look: { findings } }))
const explained = (given: string) => explainFinding(report, findFinding(report, given)).join('\n')

describe('an explained finding', () => {
  it('is everything there is to say about it, and how to suppress it', () => {
    const text = explained(ID)

    for (const part of [
      `${ID}: Explicit \`any\``,
      'low (Type safety)',
      'src/a.ts:3',
      'let a: any',
      'Nothing is checked.',
      'Give it a type.',
      "sed -n '3p' src/a.ts",
      'a second look',
      'Other findings of rule types.any:',
      'src/a.ts:9',
      'planner-exec.suppressions.yaml',
    ]) {
      expect(text).toContain(part)
    }
  })

  it('can be suppressed with the lines it prints', async () => {
    const lines = explained(ID).split('\n')
    const yaml = lines.slice(lines.indexOf('  version: 1')).map((line) => line.slice(2))

    const suppressions = await parseSuppressions(yaml.join('\n'))

    expect(suppressions.problems).toEqual([])
    expect(assembleReport(input({ look: { findings } }, { suppressions })).suppressed).toMatchObject([{ id: ID }])
  })

  it('is named by a unique beginning of its id', () => {
    expect(findFinding(report, 'types.any-46').id).toBe(ID)
    expect(findFinding(report, 'size').rule).toBe('size.large-file')
  })

  it.each([
    ['types', '2 findings begin with types.', /Give more of the id: types\.any-/],
    ['types.any-46c6ba0c', 'The report has no finding types.any-46c6ba0c.', new RegExp(`^The nearest ids are ${ID}`)],
    ['', 'The report has no finding .', /nearest/],
  ])('is asked for again when %j means none or several', (given, message, hint) => {
    expect(() => findFinding(report, given)).toThrow(expect.objectContaining({ code: 'USAGE', message, hint: expect.stringMatching(hint) }))
  })

  it('is told with its reason when it is suppressed', async () => {
    const suppressions = await parseSuppressions('version: 1\nsuppressions:\n  - { rule: types.any, reason: Generated. }\n')
    const quiet = assembleReport(input({ look: { findings } }, { suppressions }))

    expect(explainFinding(quiet, findFinding(quiet, ID)).join('\n')).toContain('suppressed Generated.')
  })

  it('steers no terminal', () => {
    const text = '\u001b[31m\u202e'
    const hostile = assembleReport(
      input({ look: { findings: [finding({ rule: text, title: text, file: text, evidence: text, why: text, fix: text, command: text })] } }),
    )

    expect(explainFinding(hostile, findFinding(hostile, text)).join('\n')).not.toMatch(/[\u001b\u202e]/)
  })
})
