import type { AnyActorRef } from 'xstate'
import { inputOf, isMachineRef, isOpen, parentOf, pathOf, srcOf } from './actor-internals.ts'
import type { AskedService } from './chart-driver.ts'

/** What lives in an actor system, as a driver sees it. */
export interface ActorTree {
  /** The root, also when it has ended, and every machine below it that goes on; parents before children. */
  machines(): readonly AnyActorRef[]
  machine(path: string): AnyActorRef | undefined
  /** Services that have not answered, in the order they were asked. */
  asked(): readonly AskedService[]
  /** The actor of a service, if that has not answered. */
  service(asked: AskedService): AnyActorRef | undefined
}

export function createActorTree(root: AnyActorRef): ActorTree {
  const machines = (): readonly AnyActorRef[] => below(root)
  const machine = (path: string) => machines().find((ref) => pathOf(ref) === path)
  return {
    machines,
    machine,
    asked: () => machines().flatMap((ref) => servicesOf(ref).map(askedOf)),
    service({ path, childId }) {
      const parent = machine(path)
      return parent && servicesOf(parent).find((ref) => ref.id === childId)
    },
  }
}

/** What an actor that is a service was asked for. */
export function askedOf(ref: AnyActorRef): AskedService {
  const parent = parentOf(ref)
  return { path: parent === undefined ? '' : pathOf(parent), childId: ref.id, src: srcOf(ref), input: inputOf(ref) }
}

const openChildrenOf = (ref: AnyActorRef): readonly AnyActorRef[] => Object.values<AnyActorRef>(ref.getSnapshot().children).filter(isOpen)
const below = (ref: AnyActorRef): readonly AnyActorRef[] => [ref, ...openChildrenOf(ref).filter(isMachineRef).flatMap(below)]
const servicesOf = (ref: AnyActorRef): readonly AnyActorRef[] => openChildrenOf(ref).filter((child) => !isMachineRef(child))
