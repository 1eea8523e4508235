import { describe, expect, test } from 'vitest'
import type { OracleRequest } from '../../src/services/oracle/oracle.ts'
import { scriptedOracle } from '../../src/testing/scripted-oracle.ts'

const request = (changes: Partial<OracleRequest> = {}): OracleRequest => ({
  runId: 'run',
  goal: 'tidy up',
  workflowType: 'simple',
  maxSteps: 10,
  context: {},
  assumption: null,
  evidence: [],
  findings: [],
  objections: [],
  done: [],
  replans: 0,
  signal: new AbortController().signal,
  ...changes,
})
const plan = (title: string) => ({ version: 1 as const, title, steps: [] })

describe('a scripted oracle', () => {
  test('drafts what its script says, in order, and keeps what it was asked', async () => {
    const oracle = scriptedOracle({ drafts: [plan('one'), { kind: 'none', reason: 'too hard', hint: 'Ask less.' }] })

    const drafts = [await oracle.draft(request()), await oracle.draft(request({ replans: 1 }))]

    expect(drafts).toMatchObject([
      { kind: 'plan', plan: { title: 'one' }, source: 'scripted' },
      { kind: 'none', reason: 'too hard' },
    ])
    expect(oracle.requests.map(({ replans }) => replans)).toEqual([0, 1])
  })

  test('throws the errors of its script', async () => {
    await expect(scriptedOracle({ drafts: [new Error('no line')] }).draft(request())).rejects.toThrow('no line')
  })

  test('refuses a request that its script has no answer to, and says which', async () => {
    const oracle = scriptedOracle({ drafts: [plan('one')], name: 'planner' })
    await oracle.draft(request())

    await expect(oracle.draft(request())).rejects.toMatchObject({
      code: 'ORACLE_FAILED',
      message: 'the script of the oracle planner has no answer to request 2',
    })
  })

  test('goes on with its last answer where that is wanted', async () => {
    const oracle = scriptedOracle({ drafts: [plan('one'), plan('two')], afterwards: 'repeat' })

    const titles = []
    for (let n = 0; n < 3; n++) titles.push(await oracle.draft(request()))

    expect(titles).toMatchObject([{ plan: { title: 'one' } }, { plan: { title: 'two' } }, { plan: { title: 'two' } }])
  })

  test('answers by what it is asked, so that the same question has the same answer', async () => {
    const oracle = scriptedOracle({ drafts: ({ replans }) => [plan('first'), plan('second')][replans] })

    await oracle.draft(request())

    await expect(oracle.draft(request())).resolves.toMatchObject({ plan: { title: 'first' } })
    await expect(oracle.draft(request({ replans: 1 }))).resolves.toMatchObject({ plan: { title: 'second' } })
    await expect(oracle.draft(request({ replans: 2 }))).rejects.toMatchObject({ code: 'ORACLE_FAILED' })
  })

  test('asks and reads before it plans what its script says, by default nothing', async () => {
    const question = { question: 'Which one?', choices: ['this', 'that'] }
    const reads = [{ capability: 'fs.read.v1', args: { path: 'notes.txt' }, question: 'What do they say?' }]
    const curious = scriptedOracle({ drafts: [], question, reads })
    const plain = scriptedOracle({ drafts: [] })

    expect([await curious.clarify(request()), await curious.questions(request())]).toEqual([question, reads])
    expect([await plain.clarify(request()), await plain.questions(request())]).toEqual([null, []])
  })

  test('is complete once each draft was asked for', async () => {
    const oracle = scriptedOracle({ drafts: [plan('one'), plan('two')] })
    await oracle.draft(request())

    expect(() => oracle.assertComplete()).toThrow('has 2 drafts, and was asked for 1')
    await oracle.draft(request())
    expect(() => oracle.assertComplete()).not.toThrow()
  })
})
