import { fromPromise } from 'xstate'
import { failure } from '../errors.ts'
import type { Verdict } from '../model/verdict.ts'
import type { ExecuteInput, ExecuteOutput, JudgeActionInput, ReconcileInput, ReconcileOutput } from './action.types.ts'

/** A service that was not provided: it refuses, and says which one it is. */
export function unprovided<Output, Input>(name: string) {
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- services report failures as data: the event must survive JSON
  return fromPromise<Output, Input>(() => Promise.reject(failure('INTERNAL', `the service ${name} was not provided to the machine`)))
}

/** Judges one action by the policy, its references resolved. */
export const judgeAction = unprovided<Verdict, JudgeActionInput>('judgeAction')

/** Carries out one admitted attempt of an action. */
export const execute = unprovided<ExecuteOutput, ExecuteInput>('execute')

/** Finds out whether an effect whose end nobody saw did happen. */
export const reconcileEffect = unprovided<ReconcileOutput, ReconcileInput>('reconcileEffect')
