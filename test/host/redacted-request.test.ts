import { describe, expect, it } from 'vitest'
import { redactedRequest } from '../../src/host/redacted-request.ts'
import { RunRequest, type RunRequestInput } from '../../src/model/request.ts'
import { GITHUB, places, redactorIn } from '../services/secrets/secrets.fixture.ts'

const KNOWN = 'correct-horse-battery-staple-91'

function setup() {
  const at = places()
  const redactor = redactorIn(at, { secrets: { STAPLE: { env: 'STAPLER' } }, env: { STAPLER: KNOWN } })
  const kept = (request: RunRequestInput) => redactedRequest(RunRequest.parse(request), 'run-1', redactor)
  return { redactor, kept }
}

describe('a request as it is kept', () => {
  it.each<[string, RunRequestInput]>([
    ['a reason', { type: 'action.approve', actionId: 'a', reason: `because ${KNOWN}` }],
    ['who asks', { type: 'action.skip', actionId: 'a', by: KNOWN }],
    ['arguments', { type: 'action.edit', actionId: 'a', args: { deep: [{ text: `x ${KNOWN}` }] } }],
    ['the name of an argument', { type: 'action.edit', actionId: 'a', args: { [KNOWN]: 1 } }],
    ['another encoding', { type: 'action.edit', actionId: 'a', args: { text: Buffer.from(KNOWN).toString('base64') } }],
    ['an answer', { type: 'goal.answer', text: KNOWN }],
    ['an output', { type: 'action.respond', actionId: 'a', output: { text: KNOWN } }],
    ['an added step', { type: 'run.modify', amendment: { addSteps: [{ args: { text: KNOWN } }] } }],
    ['an override', { type: 'run.modify', amendment: { overrides: { a: { text: KNOWN } } } }],
  ])('has no secret that is known in %s', async (_, request) => {
    const kept = JSON.stringify(await setup().kept(request))

    expect(kept).toContain('{secret:STAPLE')
    expect(kept).not.toContain(KNOWN)
    expect(kept).not.toContain(Buffer.from(KNOWN).toString('base64'))
  })

  it.each<[string, RunRequestInput]>([
    ['an answer in place of an action', { type: 'action.respond', actionId: 'a', output: { text: `token=${GITHUB}` } }],
    ['an output that stands in for one', { type: 'action.override', actionId: 'a', output: { text: `token=${GITHUB}` } }],
    ['an override of a modification', { type: 'run.modify', amendment: { overrides: { a: { text: `token=${GITHUB}` } } } }],
  ])('has none that looks like one in %s, which can be put back for the run', async (_, request) => {
    const { kept, redactor } = setup()

    const given = await kept(request)

    expect(JSON.stringify(given)).not.toContain(GITHUB)
    expect(JSON.stringify(await redactor.restore(given, { runId: 'run-1' }))).toContain(GITHUB)
  })

  it('keeps a reference to a secret in arguments, and makes one in an output mere text', async () => {
    const { kept } = setup()

    expect(await kept({ type: 'action.edit', actionId: 'a', args: { text: '${secret:STAPLE}' } })).toMatchObject({
      args: { text: '${secret:STAPLE}' },
    })
    expect(await kept({ type: 'action.respond', actionId: 'a', output: { text: '${secret:STAPLE}' } })).toMatchObject({
      output: { text: String.raw`$\{secret:STAPLE}` },
    })
  })

  it.each<[string, RunRequestInput]>([
    ['an answer in place of an action', { type: 'action.respond', actionId: 'a', output: { text: KNOWN } }],
    ['an override of a modification', { type: 'run.modify', amendment: { overrides: { a: { text: KNOWN } } } }],
  ])('gives a secret that is known back to %s', async (_, request) => {
    const { kept, redactor } = setup()

    expect(await redactor.restore(await kept(request), { runId: 'run-1' })).toMatchObject(request)
  })

  it('is otherwise what was asked', async () => {
    const request = RunRequest.parse({ type: 'run.modify', amendment: { maxSteps: 7, removeSteps: ['b'], overrides: { a: { n: 1 } } }, by: 'ada' })

    expect(await setup().kept(request)).toEqual(request)
  })
})
