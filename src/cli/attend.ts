import { join, resolve } from 'node:path'
import type { Controller, Run, RunReader, StartOptions } from '../controller.types.ts'
import { ControllerError } from '../errors.ts'
import type { Finding, Report } from '../model/report.ts'
import type { Context } from './command.ts'
import { EXIT, exitCodeOfParking, exitCodeOfResult, type ExitCode } from './exit-code.ts'
import { commandLine } from './invocation.ts'
import { createConversation, type Conversation } from './interactive/conversation.ts'
import { flat } from './output/columns.ts'
import { createDisplay } from './output/create-display.ts'
import type { Display } from './output/display.ts'
import { parkedLines, parkedRecord, resultRecord, settledLines } from './output/summary.ts'

/**
 * Whether somebody is at this terminal to answer. `--interactive` insists, and is refused where nobody could type.
 * @throws ControllerError USAGE
 */
export function personOf(context: Context): NonNullable<StartOptions['person']> {
  const { settings, io } = context
  const isTerminal = io.stdin.isTTY === true && io.stdout.isTTY === true && !settings.json
  if (settings.interactive === true && !isTerminal) {
    throw new ControllerError('USAGE', '--interactive needs a terminal on both ends, and no --json.', {
      hint: 'Leave it out: the run then waits for `planner-exec approve` from any terminal.',
    })
  }
  if (isTerminal && settings.interactive !== false) return 'here'
  return settings.ask === 'deny' ? 'absent' : 'later'
}

/** The folder for copies of reports, made now so that a wrong path is known before anything runs. @throws ControllerError USAGE */
export async function prepareOut(context: Context, places?: Places): Promise<string | null> {
  const { out } = context.settings
  if (out === undefined) return null
  const { outputFolder } = await import('../services/telemetry/report.ts')
  return outputFolder(resolve(context.io.cwd, out), places ?? placesOf(context))
}

type Places = Pick<RunReader, 'workspace' | 'stateDir'>

/** As the controller will have them; before it is there. */
function placesOf({ settings, io }: Context): Places {
  const workspace = resolve(io.cwd, settings.workspace)
  return { workspace, stateDir: settings.state === undefined ? join(workspace, '.planner-exec') : resolve(io.cwd, settings.state) }
}

/** Findings that `--fail-on` names. */
const MAX_NAMED = 10

export interface AttendOptions {
  readonly controller: Controller
  readonly run: Run
  readonly person: NonNullable<StartOptions['person']>
  readonly out: string | null
  /** Whether the caller gave the plan. */
  readonly isPlanGiven?: boolean
  /** The revision that the caller asked for changes since. */
  readonly since?: string | undefined
  /** The finding to tell of in place of the usual end. */
  readonly explain?: string | undefined
  /** The last record that was there before; the events up to it are no news. */
  readonly knownSeq?: number
}

/** Shows a run while it goes on, answers for the person at the terminal, and says how it ended. */
export async function attend(context: Context, options: AttendOptions): Promise<ExitCode> {
  const { controller, run } = options
  const view = () => controller.show(run.id)
  const display = await createDisplay(context, { view })
  const stop = onStop(context, run)
  const conversation = options.person === 'here' ? createConversation({ context, run, display, view, leave: stop.now }) : null
  try {
    try {
      await follow(options, display, conversation)
    } finally {
      await conversation?.close()
      display.close()
    }
    const outcome = await run.outcome().catch((error: unknown) => {
      if (error instanceof ControllerError && error.code === 'JOURNAL_UNWRITABLE')
        context.note(
          `The run is kept as far as it was written. Once that is mended, go on with: ${commandLine(context.invocation, 'resume', run.id)}`,
        )
      throw error
    })
    if (outcome.kind === 'parked') {
      const { settings, invocation, palette } = context
      if (settings.json) context.record(parkedRecord(view(), outcome.reason))
      else context.print(parkedLines(view(), outcome.reason, invocation, palette))
      return exitCodeOfParking(outcome.reason)
    }
    return await sayHowItEnded(context, options, outcome)
  } finally {
    stop.forget()
  }
}

async function sayHowItEnded(context: Context, options: AttendOptions, { result, report }: Settled): Promise<ExitCode> {
  const { controller } = options
  const out = report === null || options.out === null ? null : await copyReport(context, report, controller)
  const code = exitCodeOfResult(result, options.isPlanGiven)
  const gate = code === EXIT.ok && report !== null ? await gateOf(context, report) : null
  await print(context, options, { result, report })
  if (context.settings.json) context.record({ ...resultRecord(result), ...gate?.record })
  if (!context.settings.json && out !== null) context.print([`copied to: ${flat(out)}`])
  if (options.since !== undefined && result.status === 'completed' && report?.since === null)
    context.note('note: --since had no effect: nothing in the plan found out what changed, so the report is about everything that was looked at.')
  if (gate === null) return code
  if (!context.settings.json) context.print(gate.lines)
  return gate.failed ? EXIT.failed : code
}

type Settled = Pick<Extract<Awaited<ReturnType<Run['outcome']>>, { kind: 'settled' }>, 'result' | 'report'>

async function print(context: Context, options: AttendOptions, { result, report }: Settled): Promise<void> {
  const { settings, invocation, palette } = context
  const telemetry = await import('../services/telemetry/report.ts')
  if (options.explain !== undefined && report !== null) {
    const finding = telemetry.findFinding(report, options.explain)
    if (settings.json) context.record({ type: 'finding', ...finding })
    else context.print(telemetry.explainFinding(report, finding))
  } else if (!settings.json)
    context.print(settledLines(result, report, invocation, palette, report === null ? [] : telemetry.reportFileNames(report)))
}

/** Writes the files of a report into the folder of `--out`, which may have become another one meanwhile. @throws ControllerError USAGE */
export async function copyReport(context: Context, report: Report, places: Places): Promise<string | null> {
  const folder = await prepareOut(context, places)
  if (folder === null) return null
  const { writeReportFiles } = await import('../services/telemetry/report.ts')
  return writeReportFiles(folder, report)
}

export interface Gate {
  readonly failed: boolean
  readonly lines: readonly string[]
  /** What the last record of `--json` says of it. */
  readonly record: { readonly failOn: { readonly severity: Finding['severity']; readonly findings: readonly string[] } }
}

/** What `--fail-on` says to a report; null when it was not asked. Suppressed findings pass. */
export async function gateOf({ settings, palette }: Context, report: Report): Promise<Gate | null> {
  const severity = settings.failOn
  if (severity === undefined) return null
  const { isAtLeast } = await import('../services/telemetry/report.ts')
  const grave = report.findings.filter((finding) => isAtLeast(finding, severity))
  const named = grave.slice(0, MAX_NAMED).map(({ id }) => flat(id))
  const rest = grave.length - named.length
  const which = `${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
  const level = severity === 'high' ? 'high' : `${severity} or above`
  const verdict =
    grave.length === 0
      ? palette('green', `fail-on ${severity}: nothing is ${level}`)
      : `${palette('red', `fail-on ${severity}: ${grave.length} ${grave.length === 1 ? 'finding is' : 'findings are'} ${level}`)}: ${which}`
  return { failed: grave.length > 0, lines: [verdict], record: { failOn: { severity, findings: grave.map(({ id }) => id) } } }
}

async function follow(options: AttendOptions, display: Display, conversation: Conversation | null): Promise<void> {
  const known = options.knownSeq ?? -1
  for await (const event of options.run.events()) {
    if (event.seq <= known) display.recall(event)
    else display.event(event)
    conversation?.notice()
  }
}

/** The first Ctrl-C lets the run stop in good order, the second ends the process. So does a reader of the output that goes away. */
function onStop(context: Context, run: Run): { now(): void; forget(): void } {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  let asked = 0
  const now = () => {
    asked += 1
    if (asked > 1) process.exit(EXIT.interrupted)
    run.interrupt().catch((error: unknown) => context.note(`error: ${flat(error instanceof Error ? error.message : String(error))}`))
  }
  const onSignal = () => {
    if (asked === 0) context.note('Stopping; the run is kept. Once more stops at once.')
    now()
  }
  for (const signal of signals) process.on(signal, onSignal)
  context.onClosed(() => {
    if (asked > 0) return
    context.note(`Nobody reads the output any more; the run is kept. Go on with: ${commandLine(context.invocation, 'resume', run.id)}`)
    now()
  })
  return {
    now,
    forget: () => {
      for (const signal of signals) process.off(signal, onSignal)
    },
  }
}
