import { prettifyError } from 'zod'
import { parseBounded } from './bounded-json.ts'
import { readLines, type LineLimits } from './lines.ts'
import { RecordedRun } from './recorded-run.ts'
import { replayRun, type ReplayedRun, type ReplayOptions } from './replay-run.ts'

/** A line that could not be replayed. The lines after it are. */
export interface ReplayProblem {
  /** From 1. */
  readonly line: number
  readonly problem: string
}

export interface ReplaySummary {
  readonly runs: number
  readonly pass: number
  readonly interrupt: number
  readonly stop: number
  /** Calls that were judged. */
  readonly decisions: number
  /** Lines that were not runs. */
  readonly problems: number
}

export interface ReplayFileOptions extends ReplayOptions {
  /** A `.jsonl` file, or one compressed with gzip. */
  readonly path: string
  /** Called for each run, in order; reading waits for it. */
  readonly onLine: (run: ReplayedRun) => void | Promise<void>
  readonly onProblem?: ((problem: ReplayProblem) => void | Promise<void>) | undefined
  readonly limits?: Partial<LineLimits> | undefined
}

/** 32 Mi characters: a run of thousands of outputs. 4 GiB: more than anybody records at once, less than a bomb. */
const LIMITS: LineLimits = { maxLineCharacters: 32 * 1024 * 1024, maxBytes: 4 * 1024 * 1024 * 1024 }
/** A message names what is wrong; it does not repeat a line. */
const MAX_PROBLEM_CHARACTERS = 500

/**
 * Replays every recorded run of a file. Empty lines are skipped.
 *
 * @throws ControllerError USAGE when the file cannot be read, is not gzip after all, or holds too much
 */
export async function replayFile({ path, onLine, onProblem, limits, ...options }: ReplayFileOptions): Promise<ReplaySummary> {
  const count = { runs: 0, pass: 0, interrupt: 0, stop: 0, decisions: 0, problems: 0 }
  for await (const { number, text } of readLines(path, { ...LIMITS, ...limits })) {
    if (text !== null && text.trim() === '') continue
    const replayed = replayLine(text, options)
    if ('problem' in replayed) {
      count.problems += 1
      await onProblem?.({ line: number, problem: replayed.problem })
      continue
    }
    count.runs += 1
    count[replayed.verdict] += 1
    count.decisions += replayed.decisions.length
    await onLine(replayed)
  }
  return count
}

/** Replays one line; null is a line too long to be looked at. */
export function replayLine(text: string | null, options: ReplayOptions): ReplayedRun | { readonly problem: string } {
  if (text === null) return { problem: 'it is too long' }
  const json = parseBounded(text)
  if (!json.ok) return { problem: json.problem.slice(0, MAX_PROBLEM_CHARACTERS) }
  const run = RecordedRun.safeParse(json.value)
  if (!run.success) return { problem: prettifyError(run.error).slice(0, MAX_PROBLEM_CHARACTERS) }
  return replayRun(run.data, options)
}
