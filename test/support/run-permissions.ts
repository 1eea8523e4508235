import type { EventObject } from 'xstate'
import type { ExecuteInput } from '../../src/machines/action.types.ts'
import type { Verdict } from '../../src/model/verdict.ts'
import type { AskedService, ChartDriver } from '../../src/testing/chart-driver.ts'
import { startsOnlyWhen } from '../../src/testing/start-rules.ts'
import type { Rule } from '../../src/testing/watch.ts'

/** What people and the guard said of one live step, noted apart from the machines. */
interface Granted {
  readonly verdict: Verdict | null
  readonly approval: { readonly digest: string; readonly policyHash: string } | null
}

const NOTHING: Granted = { verdict: null, approval: null }

/** 1: nothing is executed without a yes to this very digest. */
export const executesOnlyWithPermission: Rule = (driver) => {
  const granted = new Map<string, Granted>()
  const executes = startsOnlyWhen('execute', ({ path, input }) => isPermitted(granted.get(path) ?? NOTHING, (input as ExecuteInput).digest))(driver)
  return {
    before(deed) {
      if (deed.kind === 'answer' && deed.asked.src === 'judgeAction') judged(granted, deed.asked, deed.output as Verdict)
      if (deed.kind === 'event' && deed.path === '') approved(granted, driver, deed.event)
    },
    after(moment) {
      const found = executes.after(moment)
      for (const path of [...granted.keys()]) if (driver.snapshot(path) === null) granted.delete(path)
      return found
    },
  }
}

function isPermitted({ verdict, approval }: Granted, digest: string): boolean {
  if (verdict === null || verdict.digest !== digest || verdict.decision === 'deny') return false
  return verdict.decision === 'allow' || (approval?.digest === digest && approval.policyHash === verdict.policyHash)
}

function judged(granted: Map<string, Granted>, { path }: AskedService, verdict: Verdict): void {
  const known = granted.get(path) ?? NOTHING
  // An approval is used up when the digest changes.
  granted.set(path, { verdict, approval: known.approval?.digest === verdict.digest ? known.approval : null })
}

type Approval = EventObject & { readonly actionId?: unknown; readonly digest?: unknown }

function approved(granted: Map<string, Granted>, driver: ChartDriver, { type, actionId, digest }: Approval): void {
  if (type !== 'action.approve' || typeof actionId !== 'string' || typeof digest !== 'string') return
  const known = granted.get(actionId)
  const waits = driver.snapshot(actionId)?.matches('awaitingApproval') === true && driver.snapshot('')?.matches('open') === true
  if (!known?.verdict || !waits || known.verdict.digest !== digest) return
  granted.set(actionId, { ...known, approval: { digest, policyHash: known.verdict.policyHash } })
}
