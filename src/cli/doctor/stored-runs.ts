import type { Controller, RunCheck } from '../../controller.types.ts'
import { toFailure } from '../../errors.ts'
import type { Failure } from '../../model/failure.ts'
import { ok, type CheckResult } from './check.ts'

/** Looking at a run folds all of it; with thousands of runs nobody waits for the last. */
const LOOK_MS = 10_000

export interface LookOptions {
  /** After this long no further run is looked at; the one that is under way is finished. Default 10 s. */
  readonly lookMs?: number
  /** Milliseconds of any clock. */
  readonly now?: () => number
}

/**
 * The runs that would not replay, and the unfinished ones that would not go on. An unfinished run that cannot go on fails, and so does any
 * that is damaged; a finished one of other statecharts is a warning: after an upgrade that is as it must be, and its report was written.
 */
export async function checkRuns(
  controller: Pick<Controller, 'list' | 'check'>,
  { lookMs = LOOK_MS, now = () => performance.now() }: LookOptions = {},
): Promise<CheckResult[]> {
  const listed = attempt(() => controller.list())
  if ('failure' in listed) return [problem('stored runs', 'fail', 'cannot be listed', listed.failure)]
  const runs = listed.value.toSorted((a, b) => Number(a.finished) - Number(b.finished))
  const unfinished = runs.filter(({ finished }) => !finished).length
  const until = now() + lookMs
  const found: CheckResult[] = []
  let looked = 0
  for (const { runId } of runs) {
    if (looked > 0 && now() > until) break
    looked += 1
    found.push(...(await lookAt(controller, runId)))
  }
  return [summaryOf({ all: runs.length, unfinished, looked, bad: found.length }), ...found]
}

async function lookAt(controller: Pick<Controller, 'check'>, runId: string): Promise<CheckResult[]> {
  try {
    return judged(await controller.check(runId))
  } catch (error) {
    const failure = toFailure(error)
    // Another process removed it meanwhile.
    return failure.code === 'RUN_UNKNOWN' ? [] : [problem('run', 'fail', `${runId} cannot be looked at`, failure)]
  }
}

function judged({ runId, state, finished, replay, resume }: RunCheck): CheckResult[] {
  const name = `${runId} (${state})`
  if (finished)
    return replay === null ? [] : [problem('run', replay.code === 'RUN_INCOMPATIBLE' ? 'warn' : 'fail', `${name} would not replay`, replay)]
  // It goes on at this very moment.
  const stops = resume?.code === 'RUN_OWNED' ? null : resume
  if (stops !== null)
    return [problem('run', 'fail', `${name} would ${replay === null ? 'replay, but not go on' : 'neither replay nor go on'}`, stops)]
  return replay === null ? [] : [problem('run', 'fail', `${name} would not replay`, replay)]
}

const problem = (name: string, status: 'warn' | 'fail', what: string, { message, hint }: Failure): CheckResult => ({
  name,
  status,
  detail: `${what}: ${message}`,
  remedy: hint,
})

interface Counts {
  readonly all: number
  readonly unfinished: number
  readonly looked: number
  readonly bad: number
}

function summaryOf({ all, unfinished, looked, bad }: Counts): CheckResult {
  const rest = all - looked
  const others = bad === 0 ? 'all' : 'all others'
  const verdict = looked === 0 ? [] : [`${others} ${rest > 0 ? `of the ${looked} looked at ` : ''}would replay, and go on if they have not ended`]
  const late = rest === 0 ? [] : [`${rest} were not looked at for want of time`]
  const detail = [`${all}, ${unfinished} unfinished`, ...verdict, ...late].join('; ')
  if (looked >= unfinished) return ok('stored runs', detail)
  return { name: 'stored runs', status: 'warn', detail, remedy: 'Look at all unfinished runs with `planner-exec resume --all --dry-run`.' }
}

function attempt<T>(work: () => T): { readonly value: T } | { readonly failure: Failure } {
  try {
    return { value: work() }
  } catch (error) {
    return { failure: toFailure(error) }
  }
}
