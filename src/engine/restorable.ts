import type { AnyActorLogic } from 'xstate'
import { ControllerError } from '../errors.ts'
import type { Fold, OutstandingService } from './fold.ts'
import { invokedIds } from './xstate-internals.ts'

/**
 * The logic of a service that a run waits for.
 * @throws ControllerError ENGINE_DIVERGED when this version does not have it
 */
export function serviceLogic(runId: string, fold: Fold, service: OutstandingService): AnyActorLogic {
  const logic = fold.machine(service.path)?.implementations.actors[service.src]
  if (logic === undefined || typeof logic === 'string') {
    throw new ControllerError('ENGINE_DIVERGED', `run ${runId} waits for the service ${service.src}, which this version does not have`)
  }
  return logic as AnyActorLogic
}

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
  for (const service of fold.services()) serviceLogic(runId, fold, service)
}
