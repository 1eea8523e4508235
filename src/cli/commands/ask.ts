import type { RunReader } from '../../controller.types.ts'
import type { RunRequestInput } from '../../model/request.ts'
import type { Context } from '../command.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { commandLine } from '../invocation.ts'
import { flat } from '../output/columns.ts'

/** Asks something of a run, and says whether it took it or will. @throws ControllerError EVENT_REFUSED, RUN_FINISHED */
export async function ask(context: Context, runs: RunReader, runId: string, request: RunRequestInput): Promise<ExitCode> {
  const answer = await runs.request(runId, request)
  if (context.settings.json) context.record({ type: 'request', runId, request: request.type, answer })
  else if (context.settings.verbosity !== 'quiet') {
    const subject = 'actionId' in request ? `${request.type} ${request.actionId}` : request.type
    context.print(
      answer === 'applied'
        ? [`${flat(subject)}: done, run ${flat(runId)} has taken it.`]
        : [
            `${flat(subject)}: kept, no process owns run ${flat(runId)} now.`,
            `it is applied by: ${commandLine(context.invocation, 'resume', runId)}`,
          ],
    )
  }
  return EXIT.ok
}
