import { TrajectorySettings, type TrajectorySettingsInput } from '../../../../src/model/trajectory.ts'
import type { PinnedCall } from '../../../../src/services/guard/trajectory/pins.ts'
import { createTrajectory, type Trajectory, type ToolSpec } from '../../../../src/services/guard/trajectory/trajectory.ts'

export const TOOLS: readonly ToolSpec[] = [
  { name: 'read_note', kind: 'read' },
  { name: 'list_people', kind: 'read' },
  { name: 'fetch_page', kind: 'read' },
  { name: 'send_parcel', kind: 'sink' },
  { name: 'remove_note', kind: 'write' },
]

export interface Case {
  readonly goal?: string
  readonly plan?: readonly PinnedCall[] | null
  readonly settings?: TrajectorySettingsInput
  readonly tools?: readonly ToolSpec[]
  /** Outputs that were read, in order, by `read_note` unless named. */
  readonly read?: readonly (string | { readonly tool: string; readonly output: unknown; readonly source?: 'file' | 'web' | 'person' })[]
}

export function trajectoryOf({ goal = 'Send a parcel as the note says', plan = null, settings = {}, tools = TOOLS, read = [] }: Case): Trajectory {
  const trajectory = createTrajectory({ goal, plan, tools, settings: TrajectorySettings.parse(settings) })
  for (const output of read) trajectory.observed(typeof output === 'string' ? { tool: 'read_note', output } : output)
  return trajectory
}
