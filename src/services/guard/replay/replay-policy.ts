import type { Policy } from '../../../model/policy.ts'
import { TrajectorySettings } from '../../../model/trajectory.ts'
import { snapshotArgs } from '../snapshot.ts'
import { decide } from '../decide.ts'
import { homeOf } from '../path.ts'
import { compileRules } from '../rules.ts'
import { refusal } from '../ruling.ts'
import { replayFile, type ReplayFileOptions, type ReplaySummary } from './replay-file.ts'

export interface ReplayPolicyOptions extends Pick<ReplayFileOptions, 'path' | 'withoutPlan' | 'onLine' | 'onProblem'> {
  readonly policy: Policy
  /** Begins every rule id. */
  readonly name: string
}

/**
 * Holds recorded runs against a policy: its `trajectory`, and its rules with the names of the recorded tools for capabilities. A recording says
 * nothing of files and hosts, so a rule with a specifier never grants there. @throws ControllerError as `replayFile`
 */
export async function replayPolicy({ policy, name, ...file }: ReplayPolicyOptions): Promise<ReplaySummary> {
  const { book } = compileRules(policy, name, null)
  const nowhere = { workspace: '/', workspaceAlias: '/', stateDir: '/', home: homeOf(undefined) }
  return replayFile({
    ...file,
    settings: policy.trajectory ?? TrajectorySettings.parse({}),
    decide({ tool, args }) {
      const snapshot = snapshotArgs(args)
      return snapshot.ok ? decide(book, tool, snapshot.args, [], nowhere) : refusal(snapshot.what, snapshot.reason)
    },
  })
}
