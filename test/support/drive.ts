import type { EventObject, StateValue } from 'xstate'
import { HARD } from './flow.fixture.ts'
import type { ActionContext, ActionInput } from '../../src/machines/action.types.ts'
import type { WorkflowContext, WorkflowInput } from '../../src/machines/workflow.types.ts'
import type { Failure } from '../../src/model/failure.ts'
import type { PlanSkeleton } from '../../src/model/skeleton.ts'
import type { ActionResult } from '../../src/model/result.ts'
import type { Asked } from './composite.ts'
import { GOOD, ask, planOf, verdictOf } from './flow.fixture.ts'
import { createFoldComposite } from './fold.composite.ts'
import { recorderMachine } from './recorder.machine.ts'
import type { FoldComposite } from './fold.composite.ts'
import { waitingMachine } from './waiting-services.ts'

/** A state value as a dotted path. */
export function dotted(value: StateValue | undefined): string {
  if (value === undefined || typeof value === 'string') return value ?? 'gone'
  return Object.entries(value)
    .map(([outer, inner]) => `${outer}.${dotted(inner)}`)
    .join(' ')
}

/** What happens to a composite in a test, in few words; whatever was not to be expected throws. */
interface Driver extends FoldComposite {
  /** The state of the run, or of a live action, as a dotted path. */
  at(path?: string): string
  /** The service that is being waited for. */
  asks(src: string, stepId?: string): Asked
  /** It answers; without an output all is well. */
  says(src: string, output?: unknown, stepId?: string): void
  breaks(src: string, error?: Failure, stepId?: string): void
  /** Time goes on until the named timer fires. */
  passes(delay: string): void
  /** Types of the facts that were emitted since the last call. */
  told(): readonly string[]
}

function drive(composite: FoldComposite): Driver {
  const find = (src: string, stepId?: string) =>
    composite.asked().find((asked) => asked.src === src && (stepId === undefined || asked.path === stepId))
  const asks = (src: string, stepId?: string): Asked => {
    const found = find(src, stepId)
    if (found === undefined)
      throw new Error(
        `${src} is not waited for, but ${
          composite
            .asked()
            .map((asked) => `${asked.path} ${asked.src}`)
            .join(', ') || 'nothing'
        }`,
      )
    return found
  }
  return {
    ...composite,
    at: (path = '') => dotted(composite.snapshot(path)?.value),
    asks,
    says: (src, output = GOOD[src as keyof typeof GOOD], stepId) => composite.answer(asks(src, stepId), output),
    breaks: (src, error = HARD, stepId) => composite.fail(asks(src, stepId), error),
    passes(delay) {
      for (let next = composite.nextTimer(); next?.name !== delay; next = composite.nextTimer()) {
        if (next === null) throw new Error(`no ${delay} is armed`)
        composite.fire()
      }
      composite.fire()
    },
    told: () => composite.takeFacts().map(({ type }) => type),
  }
}

export interface ActionDriver extends Driver {
  tell(event: EventObject): void
  /** Its state, or how it ended. */
  where(): string
  context(): ActionContext
  /** @throws when it has not ended */
  result(): ActionResult
  /** What the parent heard. */
  reports(): readonly EventObject[]
}

/** One action under a parent that only listens. */
export function driveAction(input: ActionInput): ActionDriver {
  const driver = drive(createFoldComposite(recorderMachine, input))
  const parent = () => driver.snapshot('')?.context as { readonly received: readonly EventObject[]; readonly result: ActionResult | null }
  const result = () => {
    const found = parent().result
    if (found === null) throw new Error(`the action is still ${driver.at('s1')}`)
    return found
  }
  return {
    ...driver,
    tell: (event) => driver.send('s1', event),
    where: () => (driver.snapshot('s1') === null ? result().outcome : driver.at('s1')),
    context: () => driver.snapshot('s1')?.context as ActionContext,
    result,
    reports: () => parent().received,
  }
}

export interface RunDriver extends Driver {
  context(): WorkflowContext
  /** The usual way to a plan that is carried out. */
  carriesOut(plan: PlanSkeleton | PlanSkeleton['steps']): void
  /** The guard allows an action, and it is carried out. */
  does(stepId: string): void
  allows(stepId: string): void
  start(): void
  pause(mode?: 'finish' | 'abort'): void
  resume(): void
  ends(): void
}

/** A whole run, its actions included. */
export function driveRun(input: WorkflowInput): RunDriver {
  const driver = drive(createFoldComposite(waitingMachine, input))
  const allows = (stepId: string) => driver.says('judgeAction', verdictOf('allow', { digest: `digest-${stepId}` }), stepId)
  return {
    ...driver,
    context: () => driver.snapshot('')?.context as WorkflowContext,
    start: () => driver.send('', ask.start(driver.runNow())),
    pause: (mode = 'finish') => driver.send('', ask.pause(mode, driver.runNow())),
    resume: () => driver.send('', ask.resume(driver.runNow())),
    carriesOut(given) {
      const plan = 'digest' in given ? given : planOf(given)
      if (driver.at() === 'idle') {
        driver.send('', ask.start(driver.runNow()))
        driver.says('vetGoal')
      }
      driver.says('draftPlan', { kind: 'plan', plan })
      driver.says('deliberate')
      driver.says('judgePlan')
    },
    allows,
    does(stepId) {
      allows(stepId)
      driver.says('execute', undefined, stepId)
    },
    ends: () => driver.says('writeReport'),
  }
}
