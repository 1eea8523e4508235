import { ControllerError } from '../../errors.ts'
import type { GcResult, GcRun, KeptBecause } from '../../model/retention.ts'
import { textOption, type Command, type Context, type Typed } from '../command.ts'
import { formatAge, parseDuration } from '../duration.ts'
import { EXIT } from '../exit-code.ts'
import { flat } from '../output/columns.ts'

const BECAUSE: Readonly<Record<KeptBecause, string>> = {
  unfinished: 'it has not ended',
  owned: 'a process owns it',
  'in-doubt': 'nobody knows whether an effect of it happened',
  'just-ended': 'it ended within the last minute',
  retained: 'it is neither too old nor one too many',
  gone: 'another process removed it',
}

/** `gc`: removes finished runs that are too old or too many. Exit 1 when a folder could not be cleared. */
export const gcCommand: Command = async (context, typed) => {
  const { retention, json } = context.settings
  const maxAgeMs = durationOption(typed) ?? retention.maxAgeMs
  const maxFinished = countOption(typed) ?? retention.maxFinished
  const dryRun = typed.options['dryRun'] === true
  const result = await (await context.runs()).gc({ maxAgeMs, maxFinished, dryRun })
  if (json) showRecords(context, result)
  else context.print(linesOf(context, result))
  if (!json) for (const { path, problem } of result.leftovers) context.note(`left alone: ${flat(path)}: ${flat(problem)}`)
  return result.leftovers.some(({ retryable }) => retryable) ? EXIT.failed : EXIT.ok
}

function showRecords({ record }: Context, { runs, ...rest }: GcResult): void {
  for (const { kept, ...run } of runs) record({ type: 'run', ...run, removed: kept === null, because: kept })
  const removed = runs.filter(({ kept }) => kept === null).length
  record({ type: 'result', removed, kept: runs.length - removed, ...rest })
}

function linesOf({ settings, palette }: Context, result: GcResult): string[] {
  const { runs, dryRun, blobs, folders, bytesFreed, bytesReusable } = result
  const gone = runs.filter(({ kept }) => kept === null)
  const isVerbose = settings.verbosity === 'verbose' || settings.verbosity === 'debug'
  const shown = settings.verbosity === 'quiet' ? [] : runs.filter(({ kept }) => isVerbose || kept === null)
  const count = `${gone.length} of ${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`
  return [
    ...shown.map((run) => lineOf(run, dryRun)),
    dryRun
      ? `${count} would be removed. Nothing was.`
      : `${palette('bold', `${count} removed`)}, with ${blobs} stored ${blobs === 1 ? 'body' : 'bodies'} and ${folders} ${folders === 1 ? 'folder' : 'folders'} of reports; ${formatBytes(bytesFreed)} freed${bytesReusable > 0 ? `, ${formatBytes(bytesReusable)} free inside the database` : ''}.`,
  ]
}

function lineOf({ runId, state, ageMs, kept }: GcRun, dryRun: boolean): string {
  if (kept === null) return `${dryRun ? 'would remove' : 'removed'}  ${flat(runId)}  ${flat(state)}  ended ${formatAge(ageMs)} ago`
  return `kept  ${flat(runId)}  ${flat(state)}: ${BECAUSE[kept]}`
}

function durationOption(typed: Typed): number | undefined {
  const text = textOption(typed, 'olderThan')
  if (text === undefined) return undefined
  const ms = parseDuration(text)
  if (ms !== null) return ms
  throw new ControllerError('USAGE', `--older-than is ${text}, not a length of time.`, {
    hint: 'Give a number with its unit, such as --older-than 24h.',
  })
}

function countOption(typed: Typed): number | undefined {
  const text = textOption(typed, 'keep')
  if (text === undefined) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new ControllerError('USAGE', `--keep is ${text}, not a whole number from 0.`, { hint: 'Give a number, such as --keep 100.' })
}

/** `120 bytes`, `1.5 KiB`, `3.2 MiB`. */
function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`
  if (bytes < 1_024 ** 2) return `${(bytes / 1_024).toFixed(1)} KiB`
  return `${(bytes / 1_024 ** 2).toFixed(1)} MiB`
}
