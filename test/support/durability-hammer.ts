import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import * as z from 'zod'
import { defineCapability, type CapabilityDefinition, type Controller, type Run, type RunRequestInput, type RunView } from '../../src/index.ts'
import { planOf } from './controller-plans.ts'

/** What a process did or saw. */
export type Deed =
  | { readonly kind: 'started' | 'resumed' | 'removed' | 'looked'; readonly runId: string }
  | { readonly kind: 'ended'; readonly runId: string; readonly how: string }
  /** Written before a request is sent, and with its answer after that. */
  | { readonly kind: 'asked'; readonly runId: string; readonly by: string; readonly type: string; readonly answer: string | null }
  | { readonly kind: 'error'; readonly where: string; readonly message: string }

/** Both files are opened to append, a line at a time, so no line is torn. */
const deedsFile = (folder: string): string => join(folder, 'deeds.jsonl')
const effectsFile = (folder: string): string => join(folder, 'effects.log')

export const note = (folder: string, deed: Deed): void => appendFileSync(deedsFile(folder), `${JSON.stringify(deed)}\n`)

const linesIn = (path: string): readonly string[] => readOr(path).split('\n').slice(0, -1)

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

export const deedsIn = (folder: string): readonly Deed[] => linesIn(deedsFile(folder)).map((line) => JSON.parse(line) as Deed)
export const effectsIn = (folder: string): readonly string[] => linesIn(effectsFile(folder))

/** Two capabilities that leave a mark which shows whether they were done twice, one of them to be asked about, and one that takes a while. */
export function hammerCapabilities(folder: string): readonly CapabilityDefinition[] {
  const args = z.strictObject({ ms: z.number().int() })
  const common = { args, output: z.strictObject({}), risk: 'low', needs: [], timeoutMs: 20_000, targets: () => [] } as const
  const mark = (name: string) =>
    defineCapability({
      ...common,
      name,
      title: 'Leave a mark',
      description: 'Appends its idempotency key to a file that all processes share; cannot be repeated.',
      effect: 'write',
      run: async ({ ms }, { idempotencyKey }) => {
        await setTimeout(ms)
        appendFileSync(effectsFile(folder), `${idempotencyKey}\n`)
        await setTimeout(ms)
        return {}
      },
    })
  const wait = defineCapability({
    ...common,
    name: 'test.wait.v1',
    title: 'Wait',
    description: 'Takes so many ms.',
    effect: 'read',
    run: async ({ ms }, { signal }) => {
      await setTimeout(ms, undefined, { signal })
      return {}
    },
  })
  return [mark('test.mark.v1'), mark('test.ask.v1'), wait]
}

/** The capability whose use the policy asks about. */
export const ASKS = ['test.ask']

export const HAMMER_PLAN = planOf(
  [
    { id: 'first', capability: 'test.mark.v1', args: { ms: 10 } },
    { id: 'wait', capability: 'test.wait.v1', args: { ms: 40 }, dependsOn: ['first'] },
    { id: 'asked', capability: 'test.ask.v1', args: { ms: 10 }, dependsOn: ['wait'] },
    { id: 'last', capability: 'test.mark.v1', args: { ms: 10 }, dependsOn: ['asked'] },
  ],
  { successCriteria: [{ kind: 'stepSucceeded', step: 'last' }] },
)

/** What a person who looked at a run would say to move it on; null when it needs nobody. */
export function answerFor(view: RunView, folder: string): RunRequestInput | null {
  const { runId } = view.summary
  const doubted = view.actions.find(({ state }) => state.startsWith('inDoubt'))
  if (doubted) {
    const happened = effectsIn(folder).some((key) => key.startsWith(`${runId}/`) && key.split('/')[2] === doubted.actionId)
    return { type: 'action.resolve', actionId: doubted.actionId, resolution: happened ? 'happened' : 'did-not' }
  }
  const asked = view.actions.find(({ state }) => state === 'awaitingApproval')
  if (asked) return { type: 'action.approve', actionId: asked.actionId }
  return view.state.includes('paused') ? { type: 'run.resume' } : null
}

/** Waits until the run ends or parks. A pause that comes true while it is carried on holds it where it is, until it is told to go on. */
async function seeOutcome(controller: Controller, run: Run): Promise<void> {
  const over = new AbortController()
  const goOn = async () => {
    for await (const event of run.events()) {
      if (event.type !== 'state.changed' || event.state !== 'open.paused' || over.signal.aborted) continue
      await controller.request(run.id, { type: 'run.resume' }).catch(() => {})
    }
  }
  await Promise.all([run.outcome().finally(() => over.abort()), goOn()])
}

/** Carries a run to its end, whatever it waits for. */
export async function carryToEnd(controller: Controller, runId: string, folder: string): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    const view = controller.show(runId)
    if (view.summary.finished) return
    const answer = answerFor(view, folder)
    if (answer !== null) await controller.request(runId, answer)
    await seeOutcome(controller, await controller.resume(runId))
  }
  const { state, needsPerson, actions } = controller.show(runId)
  const told = controller.events(runId).slice(-20)
  throw new Error(`run ${runId} does not come to an end: ${state}, ${needsPerson}\n${JSON.stringify({ actions, told }, null, 1)}`)
}
