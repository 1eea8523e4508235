import * as z from 'zod'
import { ControllerError } from '../../errors.ts'
import { digestOf } from '../../model/digest.ts'
import type { CapabilityCatalog, CapabilityDefinition } from './executor.ts'

export type Need = CapabilityDefinition['needs'][number]

/** Why a part of the machine cannot be used, and what to do about it. */
export interface Shortcoming {
  readonly reason: string
  readonly hint: string
}

/** What this machine has: null where all is well. */
export type Availability = Readonly<Record<Need, Shortcoming | null>>

/**
 * The capabilities of one controller in name order.
 * @throws ControllerError CONFIG_INVALID when two have the same name
 */
export function createCatalog(capabilities: readonly CapabilityDefinition[], availability: Availability): CapabilityCatalog {
  const byName = new Map<string, CapabilityDefinition>()
  for (const capability of capabilities) {
    if (byName.has(capability.name)) {
      throw new ControllerError('CONFIG_INVALID', `There are two capabilities named ${capability.name}.`, {
        hint: 'Give one of them another name or version.',
      })
    }
    byName.set(capability.name, capability)
  }
  const ordered = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  let digest: string | null = null
  return {
    /** Worked out when it is first asked for: not everyone who looks at the runs of a store needs it. */
    get digest() {
      return (digest ??= digestOf(ordered.map(describe)))
    },
    get: (name) => byName.get(name),
    list: () => ordered,
    unavailable: (name) => shortcomingOf(byName.get(name), availability),
  }
}

/** What a plan or a policy depends on: when any of it changes, a stored run no longer fits. */
function describe(capability: CapabilityDefinition) {
  const { name, effect, risk } = capability
  const args = z.toJSONSchema(capability.args, { io: 'input' })
  return { name, effect, risk, args, output: z.toJSONSchema(capability.output) }
}

function shortcomingOf(capability: CapabilityDefinition | undefined, availability: Availability): Shortcoming | null {
  for (const need of capability?.needs ?? []) {
    const shortcoming = availability[need]
    if (shortcoming !== null) return shortcoming
  }
  return null
}
