import type { AnyMachineSnapshot } from 'xstate'
import type { ChartDriver } from './chart-driver.ts'
import { placeOf, rule } from './watch.ts'
import type { Moment, Rule } from './watch.ts'

const nameOf = (path: string): string => path || 'the root'
const isBelow = (path: string, above: string): boolean => path !== above && (above === '' || path.startsWith(`${above}/`))
const childrenAt = (driver: ChartDriver, path: string): readonly string[] =>
  driver
    .paths()
    .filter((other) => isBelow(other, path))
    .map((other) => (path === '' ? other : other.slice(path.length + 1)))
    .filter((id) => !id.includes('/'))

/** What a chart counts, each as `[value, limit]`. */
export type Counts = Readonly<Record<string, readonly [value: number, limit: number]>>

/** Property 2: no count exceeds its limit. By default of the root; `of` chooses other actors by their path. */
export function withinLimits<Context>(
  countsOf: (context: Context, moment: Moment) => Counts,
  of: (path: string) => boolean = (path) => path === '',
): Rule {
  return rule((moment) =>
    moment.driver.paths().flatMap((path) => {
      const snapshot = of(path) ? moment.driver.snapshot(path) : null
      if (snapshot === null) return []
      const over = Object.entries(countsOf(snapshot.context as Context, moment)).filter(([, [value, limit]]) => !(value <= limit))
      return over.map(([name, [value, limit]]) => `${nameOf(path)} has ${value} ${name} of ${limit}`)
    }),
  )
}

/** Property 3: when the root has ended, nothing lives on and no timer is armed; before that, no actor keeps a child that has ended. The root never crashes. */
export function noLeftovers(): Rule {
  return rule(({ driver, root }) => {
    const asked = driver.asked()
    if (root.status === 'active') return driver.paths().flatMap((path) => keptBy(driver, path))
    const alive = [...driver.paths().filter((path) => path !== ''), ...asked.map(({ src }) => src), ...driver.timers().map(({ name }) => name)]
    return [
      ...(root.status !== 'done' ? [`the root crashed: ${String(root.error)}`] : []),
      ...(alive.length > 0 ? [`the root has ended in ${placeOf(root)}, but ${alive.join(', ')} lives on`] : []),
    ]
  })
}

function keptBy(driver: ChartDriver, path: string): readonly string[] {
  const alive = new Set([...childrenAt(driver, path), ...driver.asked().flatMap((asked) => (asked.path === path ? [asked.childId] : []))])
  const kept = Object.keys(driver.snapshot(path)?.children ?? {}).filter((id) => !alive.has(id))
  return kept.length === 0 ? [] : [`${nameOf(path)} keeps children that have ended: ${kept.join(', ')}`]
}

/** Property 3, for a child that is to be gone sooner than its parent: it, or a service, lives only while the predicate holds of the root. */
export function livesOnlyWhile(child: string, predicate: (root: AnyMachineSnapshot, moment: Moment) => boolean): Rule {
  return rule((moment) => {
    const { driver, root } = moment
    const lives =
      driver.paths().includes(child) || driver.asked().some(({ path, childId }) => (path === '' ? childId : `${path}/${childId}`) === child)
    return lives && root.status === 'active' && !predicate(root, moment) ? [`${child} lives on in ${placeOf(root)}`] : []
  })
}

export interface NeverHangsOptions {
  /** Tags of the states in which the chart itself has to go on. Default `busy`. */
  readonly busy?: readonly string[]
  /** Delays that do not count, as a limit of the whole run. Default none. */
  readonly overallDelays?: readonly string[]
}

/** Property 4: who is busy waits for a service, a timer of its own, or a child that is busy in turn; there is always something that ends it. */
export function neverHangs({ busy = ['busy'], overallDelays = [] }: NeverHangsOptions = {}): Rule {
  const isBusy = (snapshot: AnyMachineSnapshot | null) => busy.some((tag) => snapshot?.status === 'active' && snapshot.hasTag(tag))
  return rule(({ driver }) =>
    driver.paths().flatMap((path) => {
      const snapshot = driver.snapshot(path)
      if (!isBusy(snapshot)) return []
      const bounded =
        driver.timers().some(({ owner, name }) => owner === path && !overallDelays.includes(name)) ||
        driver.asked().some((asked) => asked.path === path) ||
        driver.paths().some((other) => isBelow(other, path) && isBusy(driver.snapshot(other)))
      return bounded ? [] : [`${nameOf(path)} is busy in ${placeOf(snapshot)} with nothing that could end it`]
    }),
  )
}
