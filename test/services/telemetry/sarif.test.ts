import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assembleReport } from '../../../src/services/telemetry/report.ts'
import { toSarif, toUri } from '../../../src/services/telemetry/sarif.ts'
import { parseSuppressions } from '../../../src/services/telemetry/suppressions.ts'
import { finding, input } from './report.fixture.ts'

const { id: _, $schema: __, ...schema } = JSON.parse(readFileSync(new URL('../../support/sarif-2.1.0.schema.json', import.meta.url), 'utf8'))
const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false })
addFormats.default(ajv)
const validate = ajv.compile(schema)

/** The only run of the log, which fits the official schema. */
function runOf(report: Parameters<typeof toSarif>[0]) {
  const log = JSON.parse(JSON.stringify(toSarif(report, '1.2.3')))
  expect(validate(log) ? [] : validate.errors).toEqual([])
  return log.runs[0]
}

describe('the SARIF log', () => {
  const findings = [
    finding({ severity: 'high', file: 'src/a b/ü#?.ts' }),
    finding({ severity: 'low', line: null, file: 'src/a.ts' }),
    finding({ rule: 'tests.none', severity: 'medium', file: null, line: null }),
    finding({ rule: 'docs.note', severity: 'info', confidence: 'heuristic' }),
  ]
  const run = runOf(assembleReport(input({ look: { findings } })))

  it('names the tool, its version and each rule once', () => {
    expect(run.tool.driver).toMatchObject({ name: 'planner-exec', version: '1.2.3' })
    expect(run.tool.driver.rules.map((rule: { id: string }) => rule.id)).toEqual(['types.any', 'tests.none', 'docs.note'])
    expect(run.tool.driver.rules[0]).toMatchObject({ shortDescription: { text: 'Any' }, defaultConfiguration: { level: 'error' } })
  })

  it('has a result for each finding, with level, rule, place and fingerprint', () => {
    expect(run.results.map((result: { level: string }) => result.level)).toEqual(['error', 'warning', 'note', 'note'])
    expect(run.results.map((result: { ruleIndex: number }) => result.ruleIndex)).toEqual([0, 1, 0, 2])
    expect(run.results[0]).toMatchObject({
      ruleId: 'types.any',
      message: { text: 'Explicit `any`: let a: any' },
      locations: [{ physicalLocation: { artifactLocation: { uri: 'src/a%20b/%C3%BC%23%3F.ts', uriBaseId: '%SRCROOT%' }, region: { startLine: 3 } } }],
      partialFingerprints: { 'plannerExecFinding/v1': expect.stringMatching(/^types\.any-[0-9a-f]{8}$/) },
    })
  })

  it('gives no region without a line, and no place without a file', () => {
    expect(run.results[2].locations[0].physicalLocation).not.toHaveProperty('region')
    expect(run.results[1]).not.toHaveProperty('locations')
  })

  it('keeps suppressed findings, with the reason', async () => {
    const suppressions = await parseSuppressions('version: 1\nsuppressions:\n  - { rule: types.any, reason: Known. }\n')

    const { results } = runOf(assembleReport(input({ look: { findings: [finding()] } }, { suppressions })))

    expect(results).toMatchObject([{ ruleId: 'types.any', suppressions: [{ kind: 'external', justification: 'Known.' }] }])
  })

  it('says of a run that did not complete that it did not', () => {
    const { invocations, results } = runOf(assembleReport(input({}, { status: 'failed', exitReason: 'stalled' })))

    expect(invocations[0].executionSuccessful).toBe(false)
    expect(results).toEqual([])
  })

  it('plants no link in a message', () => {
    const [result] = runOf(assembleReport(input({ look: { findings: [finding({ title: '[click](https://evil.example)' })] } }))).results

    expect(result.message.text).toContain('\\[click\\](https://evil.example)')
  })

  it('is valid whatever the findings say', () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 })

    fc.assert(
      fc.property(text, text, fc.option(text), fc.option(fc.integer({ min: 1 })), (rule, said, file, line) => {
        const hostile = finding({ rule, title: said, evidence: said, why: said, fix: said, command: said, file, line })

        expect(runOf(assembleReport(input({ look: { findings: [hostile], notExamined: [said] } }))).results).toHaveLength(1)
      }),
      { numRuns: 60 },
    )
  })
})

describe('the URI of a path', () => {
  it('leads back to the path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (path) => {
        expect(decodeURIComponent(toUri(path))).toBe(path)
        expect(toUri(path)).toMatch(/^[A-Za-z0-9\-._~%/]*$/)
      }),
    )
  })
})
