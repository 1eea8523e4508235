import type { AnyMachineSnapshot } from 'xstate'
import type { AskedService } from './chart-driver.ts'
import { placeOf, rule } from './watch.ts'
import type { Moment, Rule } from './watch.ts'

const ownerOf = ({ path }: AskedService): string => path || 'the root'

/** Property 1: a service starts only when `allowed` says so, for instance because of what `moment.past` has of people's answers. */
export function startsOnlyWhen<Input = unknown>(
  service: string,
  allowed: (asked: AskedService & { readonly input: Input }, moment: Moment) => boolean,
): Rule {
  return rule((moment) =>
    moment.started
      .filter((asked) => asked.src === service && !allowed(asked as AskedService & { readonly input: Input }, moment))
      .map((asked) => `${service} of ${ownerOf(asked)} started in ${placeOf(moment.root)} without permission, with ${JSON.stringify(asked.input)}`),
  )
}

export interface StartsNothingOptions {
  /** Services that may start all the same. */
  readonly except?: readonly string[]
  /** Services that count even if they were stopped by the very deed that began them. Others never left the process then. */
  readonly evenIfStopped?: readonly string[]
}

/** Property 1, second half: where the chart rests, or is on its way out, nothing starts. */
export function startsNothingWhile(
  resting: (root: AnyMachineSnapshot, moment: Moment) => boolean,
  { except = [], evenIfStopped = [] }: StartsNothingOptions = {},
): Rule {
  return rule((moment) => {
    if (!resting(moment.root, moment)) return []
    const stands = ({ path, childId }: AskedService) => moment.driver.asked().some((one) => one.path === path && one.childId === childId)
    return moment.started
      .filter((asked) => !except.includes(asked.src) && (stands(asked) || evenIfStopped.includes(asked.src)))
      .map((asked) => `${asked.src} of ${ownerOf(asked)} started in ${placeOf(moment.root)}, where nothing may start`)
  })
}

/** Property 2, by counting what really starts instead of trusting a counter in the context; counts apart for each `key`, if given. */
export function startsAtMost(
  service: string,
  limit: number | ((root: AnyMachineSnapshot) => number),
  key: (asked: AskedService) => string = () => '',
): Rule {
  return () => {
    const counts = new Map<string, number>()
    return {
      after: ({ started, root }) => {
        const most = typeof limit === 'number' ? limit : limit(root)
        return started
          .filter(({ src }) => src === service)
          .flatMap((asked) => {
            const name = key(asked)
            const count = (counts.get(name) ?? 0) + 1
            counts.set(name, count)
            return count > most ? [`${service}${name && ` of ${name}`} started ${count} times, more than ${most}`] : []
          })
      },
    }
  }
}
