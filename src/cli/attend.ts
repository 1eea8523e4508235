import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Controller, Run, StartOptions } from '../controller.types.ts'
import { ControllerError } from '../errors.ts'
import type { Context } from './command.ts'
import { EXIT, exitCodeOfParking, exitCodeOfResult, type ExitCode } from './exit-code.ts'
import { commandLine } from './invocation.ts'
import { createConversation, type Conversation } from './interactive/conversation.ts'
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
export async function prepareOut(context: Context): Promise<string | null> {
  const { out } = context.settings
  if (out === undefined) return null
  const folder = resolve(context.io.cwd, out)
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new ControllerError('USAGE', `The folder ${folder} cannot be made: ${error instanceof Error ? error.message : String(error)}`, {
      hint: 'Give another folder with --out DIR.',
      cause: error,
    })
  })
  return folder
}

export interface AttendOptions {
  readonly controller: Controller
  readonly run: Run
  readonly person: NonNullable<StartOptions['person']>
  readonly out: string | null
  /** Whether the caller gave the plan. */
  readonly isPlanGiven?: boolean
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
    if (options.out !== null && outcome.report !== null) {
      const { writeReportFiles } = await import('../services/telemetry/report.ts')
      await writeReportFiles(options.out, outcome.report)
    }
    if (context.settings.json) context.record(resultRecord(outcome.result))
    else context.print(settledLines(outcome.result, outcome.report, context.invocation, context.palette))
    return exitCodeOfResult(outcome.result, options.isPlanGiven)
  } finally {
    stop.forget()
  }
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
    run.interrupt().catch((error: unknown) => context.note(`error: ${error instanceof Error ? error.message : String(error)}`))
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
