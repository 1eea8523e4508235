import { createInterface } from 'node:readline/promises'
import { resolve } from 'node:path'
import type { Run, RunView } from '../../controller.types.ts'
import type { Context } from '../command.ts'
import { faultOf, faultText } from '../fault.ts'
import { readInputFile } from '../input-file.ts'
import type { Display } from '../output/display.ts'
import { describeWait } from '../output/summary.ts'
import { flat } from '../output/columns.ts'
import { waitsOf, type Wait } from '../waits.ts'
import { promptOf, understand, type Answer } from './answers.ts'

const SETTLE_MS = 50

/** Asks the person at the terminal what a run waits for. */
export interface Conversation {
  /** Something happened: a question may have come up, or been answered from another terminal. */
  notice(): void
  close(): Promise<void>
}

export interface ConversationOptions {
  readonly context: Context
  readonly run: Run
  readonly display: Display
  /** The run as its journal has it now. */
  view(): RunView
  /** The person wants to leave: the run is interrupted and stays resumable. */
  leave(): void
}

/**
 * One question at a time, each showing exactly what is asked and bound to it by digest. A question that somebody else has
 * answered meanwhile is withdrawn.
 */
export function createConversation(options: ConversationOptions): Conversation {
  let current: { readonly wait: Wait; readonly withdrawal: AbortController } | null = null
  let talking: Promise<void> = Promise.resolve()
  let looking: NodeJS.Timeout | null = null
  let isClosed = false

  const look = () => {
    looking = null
    if (isClosed) return
    const waits = waitsOf(options.view())
    if (current !== null) {
      const { wait, withdrawal } = current
      if (!waits.some(({ key }) => key === wait.key)) withdrawal.abort()
      return
    }
    const next = waits[0]
    if (next === undefined) return
    current = { wait: next, withdrawal: new AbortController() }
    talking = converse(options, next, current.withdrawal.signal).then((isLeaving) => {
      current = null
      if (isLeaving) {
        isClosed = true
        options.leave()
      } else notice()
    })
  }
  const notice = () => {
    if (!isClosed) looking ??= setTimeout(look, SETTLE_MS)
  }
  return {
    notice,
    close: async () => {
      isClosed = true
      if (looking !== null) clearTimeout(looking)
      current?.withdrawal.abort()
      await talking
    },
  }
}

/** Asks until there is an answer that the run takes; true when the person wants to leave. */
async function converse(options: ConversationOptions, wait: Wait, withdrawn: AbortSignal): Promise<boolean> {
  const { context, display, run } = options
  const { stdin, stdout } = context.io
  display.suspend()
  context.print(describeWait(wait))
  // Ctrl-C reaches readline, not the process, while it has the terminal.
  const lines = createInterface({ input: stdin, output: stdout })
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  const ended = new AbortController()
  lines.once('close', () => ended.abort())
  try {
    for (;;) {
      const typed = await lines.question(promptOf(wait), { signal: AbortSignal.any([withdrawn, ended.signal]) })
      const answer = await understand(wait, typed, (path) => readInputFile(resolve(context.io.cwd, path), 'PLAN_UNREADABLE', 'Plan file')).catch(
        (error: unknown): Answer => ({ kind: 'unclear', problem: faultOf(error).message }),
      )
      if (answer.kind === 'quit') return true
      if (answer.kind === 'request') return await run.request(answer.request).then(() => false)
      context.print([flat(answer.problem)])
    }
  } catch (error) {
    if (withdrawn.aborted) {
      stdout.write('\nThis is no longer asked.\n')
      return false
    }
    // Ctrl-D: nobody is there to answer any more.
    if (ended.signal.aborted) return true
    stdout.write(faultText(faultOf(error), { debug: context.debug }))
    return false
  } finally {
    lines.close()
    display.resume()
  }
}
