import { describe, expect, it } from 'vitest'
import { promptOf, understand } from '../../src/cli/interactive/answers.ts'
import { answerDraft } from '../../src/cli/requests.ts'
import { waitsOf, type Wait } from '../../src/cli/waits.ts'
import { DIGEST, action, view } from './fixtures.ts'

const noPlan = () => Promise.reject(new Error('no plan file was expected'))
const firstOf = (of: ReturnType<typeof view>): Wait => {
  const [wait] = waitsOf(of)
  if (wait === undefined) throw new Error('nothing waits')
  return wait
}
const approval = firstOf(view({ actions: [action()] }))
const doubt = firstOf(view({ actions: [action({ state: 'inDoubt.awaitingPerson' })] }))
const stall = firstOf(view({ state: 'open.active.stalled.awaitingPerson' }))
const question = firstOf(view({ state: 'open.active.planning.clarifying', question: 'Which one?' }))
const signature = firstOf(view({ state: 'open.active.planning.signingOff', accepts: ['plan.approve'] }))
const unsignable = firstOf(view({ state: 'open.active.planning.signingOff', accepts: ['plan.reject'] }))

describe('an answer typed at the terminal', () => {
  it.each([
    [approval, 'a', { type: 'action.approve', actionId: 's1', digest: DIGEST }],
    [approval, 'approve looks fine', { type: 'action.approve', reason: 'looks fine' }],
    [approval, 'r not  today', { type: 'action.reject', digest: DIGEST, reason: 'not  today' }],
    [approval, 's', { type: 'action.skip', actionId: 's1' }],
    [approval, 'e {"path": "b.md"}', { type: 'action.edit', args: { path: 'b.md' }, digest: DIGEST }],
    [doubt, 'h', { type: 'action.resolve', resolution: 'happened' }],
    [doubt, 'did not', { type: 'action.resolve', resolution: 'did-not' }],
    [doubt, 'f', { type: 'action.resolve', resolution: 'failed' }],
    [stall, 'R', { type: 'intervention.choose', option: 'replan' }],
    [stall, 'fail', { type: 'intervention.choose', option: 'fail' }],
    [question, ' the second ', { type: 'goal.answer', text: 'the second' }],
    [signature, 'a', { type: 'plan.approve', digest: DIGEST }],
    [signature, 'r too long', { type: 'plan.reject', reason: 'too long' }],
  ])('of %j as %j becomes the request that was meant', async (wait, typed, request) => {
    const answer = await understand(wait, typed, noPlan)

    expect(answer).toMatchObject({ kind: 'request', request })
  })

  it.each([
    [approval, ''],
    [approval, 'yes'],
    [approval, 'e'],
    [approval, 'e {"path"'],
    [approval, 'e [1]'],
    [approval, 'x'],
    [unsignable, 'a'],
    [signature, 'e'],
    [stall, 'z'],
    [doubt, 'n'],
  ])('that fits nothing in %j, such as %j, asks nothing of the run', async (wait, typed) => {
    const answer = await understand(wait, typed, noPlan)

    expect(answer.kind).toBe('unclear')
  })

  it.each([approval, doubt, stall, question, signature])('may always be q, to leave', async (wait) => {
    await expect(understand(wait, 'q', noPlan)).resolves.toEqual({ kind: 'quit' })
    expect(promptOf(wait)).toMatch(/q/)
  })

  it('reads an edited plan from a file', async () => {
    const answer = await understand(signature, 'e my plan.yaml', async (path) => ({ version: 1, title: path, steps: [] }))

    expect(answer).toMatchObject({ kind: 'request', request: { type: 'plan.edit', digest: DIGEST, plan: { title: 'my plan.yaml' } } })
  })
})

describe('what waits', () => {
  it('is another question when the arguments change', () => {
    const changed = firstOf(view({ actions: [action({ digest: '0'.repeat(64) })] }))

    expect(changed.key).not.toBe(approval.key)
  })

  it('is nothing when actions run or the run has ended', () => {
    expect(waitsOf(view({ actions: [action({ state: 'attempting.running' })] }))).toEqual([])
    expect(waitsOf(view({ summary: { ...view().summary, finished: true }, actions: [action()] }))).toEqual([])
  })

  it('is every waiting action, each with its own answer', () => {
    const waits = waitsOf(view({ actions: [action(), action({ actionId: 's2' }), action({ actionId: 's3', state: 'pending' })] }))

    expect(waits.map((wait) => (wait.kind === 'action' ? wait.action.actionId : wait.kind))).toEqual(['s1', 's2'])
  })
})

describe('a typed request', () => {
  it('is refused with every problem, path and allowed value', () => {
    const answer = answerDraft({ type: 'run.modify', amendment: { maxSteps: 0, surprise: 1 } })

    expect(answer).toEqual({ problem: expect.stringContaining('amendment.maxSteps: given 0; allowed: at least 1') })
    expect(answer).toEqual({ problem: expect.stringContaining('amendment.surprise') })
  })

  it('is refused when an output is no object', () => {
    expect(answerDraft({ type: 'action.respond', actionId: 's1', output: '5' })).toHaveProperty('problem')
  })

  it('reads digits in words as words', () => {
    expect(answerDraft({ type: 'goal.answer', text: '5' })).toMatchObject({ request: { text: '5' } })
  })
})
