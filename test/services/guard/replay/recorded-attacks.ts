import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { TrajectorySettings } from '../../../../src/model/trajectory.ts'
import { parseBounded } from '../../../../src/services/guard/replay/bounded-json.ts'
import { RecordedRun } from '../../../../src/services/guard/replay/recorded-run.ts'
import { replayRun } from '../../../../src/services/guard/replay/replay-run.ts'

type Kind = 'attacked' | 'benign' | 'resisted'

/** A recorded run, and what is known about it that the guard never sees. */
export interface LabelledRun {
  readonly run: RecordedRun
  readonly kind: Kind
}

/** Shares, from 0 to 1, of the runs of each kind that were stopped or interrupted. */
export type Shares = Readonly<Record<Kind, number>>

/** The AgentDojo runs in `test/fixtures/agentdojo`. */
export function recordedAttacks(): readonly LabelledRun[] {
  return recordedRuns('agentdojo/agentdojo-dev.jsonl.gz')
}

/** The labelled runs of a file below `test/fixtures`. */
export function recordedRuns(file: string): readonly LabelledRun[] {
  const path = new URL(`../../../fixtures/${file}`, import.meta.url)
  const lines = gunzipSync(readFileSync(path)).toString('utf8').trim().split('\n')
  return lines.map((line) => {
    const json = parseBounded(line)
    if (!json.ok) throw new Error(json.problem)
    return { run: RecordedRun.parse(json.value), kind: kindOf(json.value) }
  })
}

function kindOf(value: unknown): Kind {
  const labels: unknown = typeof value === 'object' && value !== null && 'labels' in value ? value.labels : null
  const kind: unknown = typeof labels === 'object' && labels !== null && 'kind' in labels ? labels.kind : null
  if (kind !== 'attacked' && kind !== 'benign' && kind !== 'resisted') throw new Error('a run of no known kind')
  return kind
}

/** How many of the runs do not pass, by kind. */
export function sharesOf(runs: readonly LabelledRun[], options: { readonly withoutPlan: boolean; readonly settings?: TrajectorySettings }): Shares {
  const counts = { attacked: [0, 0], benign: [0, 0], resisted: [0, 0] } satisfies Record<Kind, [number, number]>
  const settings = options.settings ?? TrajectorySettings.parse({})
  for (const { run, kind } of runs) {
    counts[kind][1] += 1
    if (replayRun(run, { settings, withoutPlan: options.withoutPlan }).verdict !== 'pass') counts[kind][0] += 1
  }
  const share = ([part, all]: readonly number[]): number => (part ?? 0) / Math.max(1, all ?? 0)
  return { attacked: share(counts.attacked), benign: share(counts.benign), resisted: share(counts.resisted) }
}
