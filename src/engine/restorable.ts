import { ControllerError } from '../errors.ts'
import type { Fold, OutstandingService } from './fold.ts'
import { invokedIds } from './xstate-internals.ts'

/**
 * Every active state's service must be there, and must exist in this version.
 * @throws ControllerError ENGINE_DIVERGED
 */
export function assertRestorable(runId: string, fold: Fold): void {
  for (const path of fold.paths()) {
    const snapshot = fold.snapshot(path)
    if (snapshot?.status !== 'active') continue
    const present = new Set(fold.services().flatMap((service) => (service.path === path ? [service.childId] : [])))
    const missing = invokedIds(snapshot).find((id) => !present.has(id) && snapshot.children[id]?.getSnapshot().status === 'active')
    if (missing) {
      throw new ControllerError('ENGINE_DIVERGED', `run ${runId}: ${path || 'the workflow'} waits for ${missing}, which is not outstanding`)
    }
  }
  for (const service of fold.services()) assertKnown(runId, fold, service)
}

function assertKnown(runId: string, fold: Fold, { path, src }: OutstandingService): void {
  if (fold.machine(path)?.implementations.actors[src] !== undefined) return
  throw new ControllerError('ENGINE_DIVERGED', `run ${runId} waits for the service ${src}, which this version does not have`)
}
