import { describe, expect, it } from 'vitest'
import { createRunRecord } from '../../src/flow/run-record.ts'
import { Plan } from '../../src/index.ts'
import type { JournalEntry } from '../../src/model/journal-entry.ts'
import { NO_USAGE, type ActionResult, type Outcome } from '../../src/model/result.ts'
import { echo, planOf } from '../support/controller-plans.ts'

const entry: JournalEntry = { kind: 'event', seq: 1, at: 5, runAt: 5, path: '', event: { type: 'x' } }
const accepted = (planRef: string) => ({ type: 'plan.accepted', planRef, digest: `digest of ${planRef}`, source: 's', planNumber: 1, signedBy: null })
const result = (stepId: string, outcome: Outcome): ActionResult => ({
  stepId,
  outcome,
  inDoubt: false,
  provenance: 'capability',
  outputRef: `${stepId} ${outcome}`,
  failure: null,
  digest: null,
  ruleId: null,
  attempts: 1,
  usage: NO_USAGE,
})
const settled = (stepId: string, outcome: Outcome = 'succeeded') => ({ type: 'action.settled', actionId: stepId, result: result(stepId, outcome) })
const amended = (isAccepted: boolean, overrides: Readonly<Record<string, string>> = {}) => ({
  type: 'run.amended',
  accepted: isAccepted,
  reason: '',
  overrides,
})
const plan = (...ids: string[]) => Plan.parse(planOf(ids.map((id) => echo(id))))
const plans: Readonly<Record<string, Plan>> = { p1: plan('a', 'b'), p2: plan('b', 'c'), p1x: plan('a', 'b', 'x') }
const planOfRef = (ref: string) => plans[ref] ?? plan()

describe('the record of a run', () => {
  it('knows nothing at first', () => {
    const record = createRunRecord()

    expect([
      record.planRef(),
      record.result('a'),
      record.results(null).size,
      record.done(planOfRef),
      record.planDigests(),
      record.startedAt(),
    ]).toEqual([null, null, 0, [], [], 0])
  })

  it('keeps results by step, of the plan in force first', () => {
    const record = createRunRecord()

    record.note(entry, [accepted('p1'), settled('a'), settled('b', 'failed')], null)
    record.note(entry, [accepted('p2'), settled('b')], null)

    expect([record.planRef(), record.result('a')?.outcome, record.result('b')?.outcome, record.result('c')]).toEqual([
      'p2',
      'succeeded',
      'succeeded',
      null,
    ])
    expect([...record.current().keys()]).toEqual(['b'])
    expect(record.planDigests()).toEqual(['digest of p1', 'digest of p2'])
    expect(record.done(planOfRef).map(({ stepId, result: { outcome } }) => [stepId, outcome])).toEqual([
      ['a', 'succeeded'],
      ['b', 'failed'],
      ['b', 'succeeded'],
    ])
  })

  it('does not take what an earlier plan did for what a step of the same name has done', () => {
    const record = createRunRecord()

    record.note(entry, [accepted('p1'), settled('a'), settled('b')], null)
    record.note(entry, [accepted('p2')], null)

    expect([...record.results(plans['p2'] ?? null).keys()]).toEqual(['a'])
  })

  it("takes an amended plan for the plan in force, with its overrides as a person's", () => {
    const record = createRunRecord()
    record.note(entry, [accepted('p1'), settled('a')], null)
    record.note(entry, [amended(true, { x: 'ref of x' })], { ref: 'p1x', digest: 'digest of p1x' })

    expect([record.planRef(), record.planDigests()]).toEqual(['p1x', ['digest of p1x']])
    expect(record.result('x')).toMatchObject({ outcome: 'succeeded', provenance: 'person', outputRef: 'ref of x' })
    expect(record.result('a')?.outcome).toBe('succeeded')
  })

  it('keeps the plan when an amendment was refused', () => {
    const record = createRunRecord()

    record.note(entry, [accepted('p1')], null)
    record.note(entry, [amended(false)], { ref: 'p1', digest: 'digest of p1' })

    expect([record.planRef(), record.results(null).size]).toEqual(['p1', 0])
  })
})
