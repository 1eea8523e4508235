import type { Action, Admitted } from '../../model/action.ts'

const admittedActions = new WeakSet<object>()

/** Whether a value is an action that a guard admitted in this process: the very object, not a copy of it. */
export function isAdmitted(value: unknown): value is Admitted {
  return typeof value === 'object' && value !== null && admittedActions.has(value)
}

/** What admission adds to an action. */
export interface Grant {
  readonly digest: string
  readonly ruleId: string
  readonly grantedBy: 'policy' | 'person'
}

/** Makes an action executable. Only the guard calls it, with arguments that are already frozen in depth. */
export function brand(action: Action, grant: Grant): Admitted {
  const branded = Object.freeze({ ...action, ...grant }) as Admitted
  admittedActions.add(branded)
  return branded
}
