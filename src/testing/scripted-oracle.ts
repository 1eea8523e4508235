import { ControllerError } from '../errors.ts'
import { Plan } from '../model/plan.ts'
import type { PlanInput } from '../model/plan.ts'
import type { Draft, Oracle, OracleRequest, ResearchRead } from '../services/oracle/oracle.ts'

/** A plan, a refusal to plan, or an error that is thrown. */
export type ScriptedDraft = PlanInput | Error | Extract<Draft, { readonly kind: 'none' }>

export interface OracleScript {
  /**
   * One answer per request, in order; or a function of the request. After a crash the request that was under way is made again: a script
   * for a run that crashes is a function, such as `({ replans }) => plans[replans]`. Undefined refuses the request.
   */
  readonly drafts: readonly ScriptedDraft[] | ((request: OracleRequest) => ScriptedDraft | undefined)
  /** What it does when a list is used up: refuse (default), or give the last answer again. */
  readonly afterwards?: 'refuse' | 'repeat'
  /** What it asks before it plans; default: nothing. */
  readonly question?: { readonly question: string; readonly choices: readonly string[] }
  /** What it wants read before it plans; default: nothing. */
  readonly reads?: readonly ResearchRead[]
  /** In place of `question`: an oracle that takes its time, or fails. */
  readonly clarify?: Oracle['clarify']
  /** Its name in reports; default `scripted`. */
  readonly name?: string
}

/** An oracle that answers from a script and keeps what it was asked. */
export interface ScriptedOracle extends Oracle {
  /** The requests for a draft so far, in order. */
  readonly requests: readonly OracleRequest[]
  /** @throws ControllerError ORACLE_FAILED when drafts of the list were never asked for; of a function: when it was never asked */
  assertComplete(): void
}

/**
 * An oracle without a model: it drafts what the script says. A request beyond the script's end fails with ORACLE_FAILED, so that a run
 * that plans more often than its test expects cannot pass unseen.
 * @throws ZodError when a draft is asked for that is no plan
 */
export function scriptedOracle(script: OracleScript): ScriptedOracle {
  const { drafts, name = 'scripted' } = script
  const requests: OracleRequest[] = []

  function next(request: OracleRequest): ScriptedDraft | undefined {
    if (typeof drafts === 'function') return drafts(request)
    return drafts[script.afterwards === 'repeat' ? Math.min(requests.length, drafts.length) - 1 : requests.length - 1]
  }

  return {
    name,
    requests,
    clarify: script.clarify ?? (() => Promise.resolve(script.question ?? null)),
    questions: () => Promise.resolve(script.reads ?? []),
    async draft(request) {
      requests.push(request)
      const answer = next(request)
      if (answer === undefined) throw usedUp(name, requests.length)
      if (answer instanceof Error) throw answer
      if ('kind' in answer) return answer
      return { kind: 'plan', plan: Plan.parse(answer), source: name }
    },
    assertComplete() {
      const wanted = typeof drafts === 'function' ? 1 : drafts.length
      if (requests.length >= wanted) return
      throw new ControllerError('ORACLE_FAILED', `the oracle ${name} has ${wanted} drafts, and was asked for ${requests.length}`, {
        hint: 'Shorten the script, or find out why the run planned less often.',
      })
    },
  }
}

function usedUp(name: string, times: number): ControllerError {
  return new ControllerError('ORACLE_FAILED', `the script of the oracle ${name} has no answer to request ${times}`, {
    hint: 'Lengthen `drafts`, or find out why the run planned once more.',
  })
}
