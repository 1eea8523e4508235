import type { Clock } from '../services/clock/clock.ts'
import type { Mortality } from './crash-mortality.ts'

/** A clock whose timers end with their process. Everything else of it, such as `advance`, is as it was. */
export function mortalClock<C extends Clock>(inner: C, mortality: Mortality): C {
  const armed = new Set<unknown>()
  mortality.atDeath(() => {
    for (const handle of armed) inner.clear(handle)
    armed.clear()
  })
  const own: Clock = {
    now: () => inner.now(),
    after(ms, callback) {
      if (mortality.isDead) return null
      const handle = inner.after(ms, () => {
        armed.delete(handle)
        callback()
      })
      armed.add(handle)
      return handle
    },
    clear(handle) {
      armed.delete(handle)
      if (handle !== null) inner.clear(handle)
    },
  }
  return new Proxy(inner, { get: (target, key) => Reflect.get(key in own ? own : target, key) })
}
