import { assertMachine } from '../engine/machine-lint.ts'
import { machineHash, machineVersion } from '../engine/portable.ts'
import { actionMachine } from '../machines/action.machine.ts'
import { workflowMachine } from '../machines/workflow.machine.ts'
import { digestOf } from '../model/digest.ts'
import type { MachineIdentity } from '../model/journal-entry.ts'

/** The statecharts of this version. They are checked once a process: their text does not change. */
export const machineIdentity = once((): MachineIdentity => {
  assertMachine(actionMachine, { requiredEvents: ['action.cancel'] })
  assertMachine(workflowMachine)
  return {
    machineId: workflowMachine.id,
    machineVersion: `${machineVersion(workflowMachine)}.${machineVersion(actionMachine)}`,
    machineHash: digestOf([machineHash(workflowMachine), machineHash(actionMachine)]),
  }
})

export function sameCharts(one: MachineIdentity, other: MachineIdentity): boolean {
  return one.machineId === other.machineId && one.machineVersion === other.machineVersion && one.machineHash === other.machineHash
}

/** The identity in what holds more than that: a run's header, a migration's end. */
export const chartsOnly = ({ machineId, machineVersion, machineHash }: MachineIdentity): MachineIdentity => ({
  machineId,
  machineVersion,
  machineHash,
})

/** `version 1.1 (ab12cd34ef56)`: two builds of one version may differ. */
export function describeCharts({ machineVersion, machineHash }: MachineIdentity): string {
  return `version ${machineVersion} (${shortHash(machineHash)})`
}

/** Enough of a hash to tell it from another one by eye. */
export const shortHash = (hash: string): string => hash.slice(0, 12)

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | null = null
  return () => (made ??= { value: make() }).value
}
