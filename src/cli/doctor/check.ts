import { toFailure } from '../../errors.ts'

/** What was found out about one part. `warn` = something else works without it. */
export interface CheckResult {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to do; null when there is nothing to mend. */
  readonly remedy: string | null
}

/** A part that is well. */
export function ok(name: string, detail: string): CheckResult {
  return { name, status: 'ok', detail, remedy: null }
}

/** Tries a part for real; whatever it throws is what is wrong with it. */
export async function tried(name: string, attempt: () => Promise<string>, status: 'warn' | 'fail' = 'fail'): Promise<CheckResult> {
  try {
    return ok(name, await attempt())
  } catch (error) {
    const { message, hint } = toFailure(error)
    return { name, status, detail: message, remedy: hint }
  }
}
