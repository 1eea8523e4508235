import type { Verdict } from '../../model/verdict.ts'
import type { Guard } from './guard.ts'

/**
 * A guard that also says what another policy would have said, and never acts by it: a policy can be tried on real runs before anyone trusts it.
 * A trial that fails is told as a denial, as it would be if it counted.
 */
export function withShadow(guard: Guard, trial: Guard): Guard {
  const shadowOf = ({ decision, ruleId, reason }: Verdict): Pick<Verdict, 'shadow'> => ({
    shadow: { policy: trial.policyName, decision, ruleId, reason },
  })
  return {
    ...guard,
    async judge(action, scope) {
      const [verdict, tried] = await Promise.all([guard.judge(action, scope), trial.judge(action, scope)])
      return { ...verdict, ...shadowOf(tried) }
    },
    async foresee(step, scope) {
      const [verdict, tried] = await Promise.all([guard.foresee(step, scope), trial.foresee(step, scope)])
      return { ...verdict, ...shadowOf(tried) }
    },
  }
}
