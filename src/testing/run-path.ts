import type { ChartDriver } from './chart-driver.ts'
import { stepName } from './path-model.ts'
import type { PathStep } from './path-model.ts'
import type { Expected } from './path-graph.ts'
import type { ChartPath } from './paths.ts'
import { heardByParent } from './under-parent.ts'
import type { HeardByParent } from './under-parent.ts'

export interface RunPathOptions {
  /** Where the actor lives that goes the path; default the root. For a child of `underParent` it is the child's id. */
  readonly at?: string
}

/**
 * Goes a path with a driver that has just begun, and looks after each step whether the chart is where the path says: its state, the projected
 * context, its output, the services that it waits for and the timers that are armed. A machine with child machines must be driven as
 * `isolated(machine)`, because the path ends them by hand.
 * @returns what was not as the path says, with the steps so far; null when all was
 */
export function runPath(driver: ChartDriver, { begins, steps, project }: ChartPath, { at = '' }: RunPathOptions = {}): string | null {
  const gone: string[] = []
  const found = difference(driver, at, begins, project)
  if (found !== null) return `at the start: ${found}`
  for (const { does, leadsTo } of steps) {
    gone.push(stepName(does))
    const wrong = take(driver, at, does) ?? difference(driver, at, leadsTo, project)
    if (wrong !== null) return `${gone.join(' · ')}: ${wrong}`
  }
  return null
}

/** @returns why the step is not possible, or null */
function take(driver: ChartDriver, at: string, step: PathStep): string | null {
  if (step.type === 'event') driver.send(at, step.event)
  if (step.type === 'timer') {
    const timer = driver.timers().find(({ owner, timerId, name }) => owner === at && (timerId === step.timerId || name === step.timer))
    if (timer === undefined) return `the timer ${step.timer} is not armed`
    driver.fire(timer)
  }
  if (step.type === 'answer' || step.type === 'error') {
    const asked = driver.asked().find(({ path, childId }) => path === at && childId === step.service)
    if (asked === undefined) return `${step.service} is not asked`
    if (step.type === 'answer') driver.answer(asked, step.output)
    else driver.fail(asked, step.error)
  }
  return null
}

function difference(driver: ChartDriver, at: string, expected: Expected, project: ChartPath['project']): string | null {
  const [is, ought] = [JSON.stringify(actual(driver, at, project)), JSON.stringify(comparable(driver, at, expected))]
  return is === ought ? null : `it is ${is}, not ${ought}`
}

function actual(driver: ChartDriver, at: string, project: ChartPath['project']): unknown {
  const snapshot = driver.snapshot(at)
  if (snapshot === null) return { ended: endOf(driver) }
  return {
    value: snapshot.value,
    status: snapshot.status,
    output: snapshot.output,
    context: project(snapshot.context as never),
    asked: driver
      .asked()
      .filter(({ path }) => path === at)
      .map(({ childId }) => childId)
      .toSorted(),
    timers: driver
      .timers()
      .filter(({ owner }) => owner === at)
      .map(({ name }) => name)
      .toSorted(),
  }
}

/** A child that has ended is gone; what is left of it is what its parent heard. */
function comparable(driver: ChartDriver, at: string, expected: Expected): unknown {
  return at !== '' && expected.status !== 'active' && driver.snapshot(at) === null ? { ended: expected.output } : expected
}

function endOf(driver: ChartDriver): unknown {
  // The parent may be one of the user's own, which keeps what it likes.
  const { ended }: Partial<HeardByParent> = heardByParent(driver)
  return ended && 'output' in ended ? ended['output'] : null
}
