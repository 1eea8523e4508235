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

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | null = null
  return () => (made ??= { value: make() }).value
}
