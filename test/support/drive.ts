import type { EventObject, StateValue } from 'xstate'
import { HARD } from './flow.fixture.ts'
import type { ActionContext, ActionInput } from '../../src/machines/action.types.ts'
import type { WorkflowContext, WorkflowInput } from '../../src/machines/workflow.types.ts'
import type { Failure } from '../../src/model/failure.ts'
import type { PlanSkeleton } from '../../src/model/skeleton.ts'
import type { ActionResult } from '../../src/model/result.ts'
import type { AskedService, ChartDriver } from '../../src/testing/chart-driver.ts'
import { heardByParent, underParent } from '../../src/testing/under-parent.ts'
import { createFoldDriver } from '../../src/testing/fold-driver.ts'
import { actionMachine } from '../../src/machines/action.machine.ts'
import { DELAY_CLOCKS } from '../../src/machines/clocks.ts'
import { GOOD, ask, planOf, verdictOf } from './flow.fixture.ts'
import { waitingMachine } from './waiting-services.ts'

/** A state value as a dotted path. */
export function dotted(value: StateValue | undefined): string {
  if (value === undefined || typeof value === 'string') return value ?? 'gone'
  return Object.entries(value)
    .map(([outer, inner]) => `${outer}.${dotted(inner)}`)
    .join(' ')
}

/** What happens to a chart in a test, in few words; whatever was not to be expected throws. */
interface Driver extends ChartDriver {
  /** The state of the run, or of a live action, as a dotted path. */
  at(path?: string): string
  /** The service that is being waited for. */
  asks(src: string, stepId?: string): AskedService
  /** It answers; without an output all is well. */
  says(src: string, output?: unknown, stepId?: string): void
  breaks(src: string, error?: Failure, stepId?: string): void
  /** Time goes on until the named timer fires. */
  passes(delay: string): void
  /** Types of the facts that were emitted since the last call. */
  told(): readonly string[]
}

function drive(chart: ChartDriver): Driver {
  const find = (src: string, stepId?: string) => chart.asked().find((asked) => asked.src === src && (stepId === undefined || asked.path === stepId))
  const asks = (src: string, stepId?: string): AskedService => {
    const found = find(src, stepId)
    if (found === undefined)
      throw new Error(
        `${src} is not waited for, but ${
          chart
            .asked()
            .map((asked) => `${asked.path} ${asked.src}`)
            .join(', ') || 'nothing'
        }`,
      )
    return found
  }
  return {
    ...chart,
    at: (path = '') => dotted(chart.snapshot(path)?.value),
    asks,
    says: (src, output = GOOD[src as keyof typeof GOOD], stepId) => chart.answer(asks(src, stepId), output),
    breaks: (src, error = HARD, stepId) => chart.fail(asks(src, stepId), error),
    passes(delay) {
      for (let next = chart.nextTimer(); next?.name !== delay; next = chart.nextTimer()) {
        if (next === null) throw new Error(`no ${delay} is armed`)
        chart.fire()
      }
      chart.fire()
    },
    told: () => chart.takeFacts().map(({ type }) => type),
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

const listened = underParent(actionMachine, 's1')

/** One action under a parent that only listens. */
export function driveAction(input: ActionInput): ActionDriver {
  const driver = drive(createFoldDriver(listened, { input, clocks: DELAY_CLOCKS }))
  const result = () => {
    const { ended } = heardByParent(driver)
    if (ended === null || !('output' in ended)) throw new Error(`the action is still ${driver.at('s1')}`)
    return ended['output'] as ActionResult
  }
  return {
    ...driver,
    tell: (event) => driver.send('s1', event),
    where: () => (driver.snapshot('s1') === null ? result().outcome : driver.at('s1')),
    context: () => driver.snapshot('s1')?.context as ActionContext,
    result,
    reports: () => heardByParent(driver).heard,
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

/** A run and its actions in the engine's fold. */
export const foldedRun = (input: WorkflowInput): ChartDriver => createFoldDriver(waitingMachine, { input, clocks: DELAY_CLOCKS })

/** A whole run, its actions included. */
export function driveRun(input: WorkflowInput, begin: (input: WorkflowInput) => ChartDriver = foldedRun): RunDriver {
  const driver = drive(begin(input))
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
