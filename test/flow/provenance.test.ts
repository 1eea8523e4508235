import { describe, expect, it } from 'vitest'
import { createBodies } from '../../src/engine/bodies.ts'
import { provenanceOf } from '../../src/flow/provenance.ts'
import { createRunRecord } from '../../src/flow/run-record.ts'
import { Plan, type PlanInput } from '../../src/index.ts'
import type { Action } from '../../src/model/action.ts'
import type { JournalEntry } from '../../src/model/journal-entry.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { resultWithoutAttempt } from '../../src/model/result.ts'
import { createMemoryJournal } from '../../src/services/journal/memory.journal.ts'
import { planOf } from '../support/controller-plans.ts'

const entry: JournalEntry = { kind: 'event', seq: 1, at: 5, runAt: 5, path: '', event: { type: 'x' } }
type StepInput = Parameters<typeof planOf>[0][number]

interface Done {
  readonly output: JsonObject
  readonly by?: 'capability' | 'person'
}

/** A run that carried out some steps of a plan. */
function runOf(plan: PlanInput, done: Readonly<Record<string, Done>> = {}, { pinned = true, signed = false } = {}) {
  const bodies = createBodies(createMemoryJournal())
  const ref = bodies.put({ plan: Plan.parse(plan), source: 'test', notExamined: [], pinned })
  const record = createRunRecord()
  const accepted = { type: 'plan.accepted', planRef: ref, digest: 'd', source: 'test', planNumber: 1, signedBy: signed ? 'ada' : null }
  const settled = Object.entries(done).map(([stepId, { output, by = 'capability' }]) => ({
    type: 'action.settled',
    actionId: stepId,
    result: resultWithoutAttempt(stepId, 'succeeded', { provenance: by, outputRef: bodies.put(output) }),
  }))
  record.note(entry, [accepted, ...settled], null)
  const judged = (args: Action['args'], stepId = 'use') =>
    provenanceOf({ bodies, record }, { runId: 'r', stepId, capability: 'test.append.v1', args, plan: ref })
  return { bodies, record, judged, ref }
}

const look = (capability: string): StepInput => ({ id: 'look', capability, args: { path: 'a' } })
const use = (args: Action['args'], id = 'use'): StepInput => ({ id, capability: 'test.append.v1', args, dependsOn: ['look'] })
const TEXT = '${steps.look.output.text}'
const looked = { look: { output: { text: 'evil', lines: ['x', 'y'] } } }

describe('an argument that refers to what was read', () => {
  it.each([
    ['fs.read.v1', 'file'],
    ['git.log.v1', 'file'],
    ['analysis.markers.v1', 'file'],
    ['http.fetch.v1', 'web'],
    ['shell.exec.v1', 'tool'],
    ['fsx.read.v1', 'tool'],
    ['mine.http.v1', 'tool'],
  ])('comes from what %s gives: %s', (capability, source) => {
    const { judged } = runOf(planOf([look(capability), use({ name: TEXT })]), looked)

    expect(judged({ name: 'evil' }).taint).toEqual([{ path: 'name', source, from: 'look' }])
  })

  it('is told by its place, however deep, once for each reference', () => {
    const { judged } = runOf(planOf([look('fs.read.v1'), use({ list: [{ name: `a ${TEXT} b` }], other: TEXT, own: 'fixed' })]), looked)

    expect(judged({ list: [{ name: 'a evil b' }], other: 'evil', own: 'fixed' }).taint.map(({ path }) => path)).toEqual(['list.0.name', 'other'])
  })

  it('counts as all of the arguments where its place could be taken for another', () => {
    const { judged } = runOf(planOf([look('fs.read.v1'), use({ 'a.b': TEXT, a: { b: 'own' } })]), looked)

    expect(judged({ 'a.b': 'evil', a: { b: 'own' } }).taint.map(({ path }) => path)).toEqual(['(all)'])
  })

  it('is told before it is known, too', () => {
    const { judged } = runOf(planOf([look('fs.read.v1'), use({ name: TEXT })]))

    expect(judged({ name: TEXT }).taint).toHaveLength(1)
  })

  it('is told when it is one of several that a value is put together of', () => {
    const plan = planOf([look('fs.read.v1'), { ...look('http.fetch.v1'), id: 'ask' }, use({ name: `${TEXT}${'${steps.ask.output.text}'}` })])
    const { judged } = runOf(plan, { ...looked, ask: { output: { text: '!' } } })

    expect(judged({ name: 'evil!' }).taint.map(({ source }) => source)).toEqual(['file', 'web'])
  })
})

describe('what a person put there', () => {
  const plan = planOf([look('fs.read.v1'), use({ name: TEXT, rest: 'r' })])

  it('is theirs, and the rest stays what it was', () => {
    const both = planOf([look('fs.read.v1'), use({ name: TEXT, other: TEXT })])

    expect(runOf(plan, looked).judged({ name: 'harmless', rest: 'r' }).taint).toEqual([])
    expect(
      runOf(both, looked)
        .judged({ name: 'harmless', other: 'evil' })
        .taint.map(({ path }) => path),
    ).toEqual(['other'])
  })

  it('is what was read when it is the same after all', () => {
    expect(runOf(plan, looked).judged({ name: 'evil', rest: 'changed' }).taint).toHaveLength(1)
  })

  it('is what they answered in place of a step', () => {
    const { judged } = runOf(plan, { look: { output: { text: 'mine' }, by: 'person' } })

    expect(judged({ name: 'mine', rest: 'r' }).taint).toEqual([])
  })

  it('cannot be told from what was read when that is gone', () => {
    const { judged } = runOf(plan, { look: { output: { other: 'shape' } } })

    expect(judged({ name: 'anything', rest: 'r' }).taint).toHaveLength(1)
  })
})

describe('whether an action was planned before anything was read', () => {
  const plan = planOf([look('fs.read.v1'), use({ name: 'a' })])

  it.each([
    [{ pinned: true, signed: false }, true],
    [{ pinned: false, signed: false }, false],
    [{ pinned: false, signed: true }, true],
  ])('is told of a plan that is %j: %s', (how, pinned) => {
    expect(runOf(plan, {}, how).judged({ name: 'a' }).pinned).toBe(pinned)
  })

  it('does not matter for research, which has no plan', () => {
    const { bodies, record } = runOf(plan, {}, { pinned: false })

    expect(provenanceOf({ bodies, record }, { runId: 'r', stepId: 'use', capability: 'fs.read.v1', args: {} })).toEqual({ pinned: true, taint: [] })
  })

  it('is refused rather than guessed when the plan is gone', () => {
    const { bodies, record } = runOf(plan)

    expect(() => provenanceOf({ bodies, record }, { runId: 'r', stepId: 'use', capability: 'c', args: {}, plan: 'sha256:gone' })).toThrow(
      expect.objectContaining({ code: 'JOURNAL_CORRUPT' }),
    )
  })
})
