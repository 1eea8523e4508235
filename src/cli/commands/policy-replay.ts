import { resolve } from 'node:path'
import { isProfileName } from '../../model/policy.ts'
import type { ReplayedRun } from '../../services/guard/replay/replay-run.ts'
import type { Command, Context } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { flat } from '../output/columns.ts'

/** The shipped policy for agents that call tools. */
const DEFAULT_POLICY = 'agent'

/**
 * `policy replay FILE`: what a policy would have done in recorded agent runs, one line a run and a summary; nothing is carried out. With `--json`
 * the lines are records, and so they are where nobody reads along. Exit 2 when a line is no run.
 */
export const policyReplayCommand: Command = async (context, typed) => {
  const [file = ''] = typed.args
  const [{ loadPolicy }, { replayPolicy }] = await Promise.all([
    import('../../services/guard/policy-file.ts'),
    import('../../services/guard/replay/replay-policy.ts'),
  ])
  const { policy, name } = await loadPolicy(policyOf(context))
  const summary = await replayPolicy({
    policy,
    name,
    path: resolve(context.io.cwd, file),
    withoutPlan: typed.options['withoutPlan'] === true,
    onLine: (run) => tell(context, run),
    onProblem: ({ line, problem }) => context.note(`${flat(file)}:${line} is not a recorded run: ${flat(problem)}`),
  })
  const { runs, pass, interrupt, stop, decisions, problems } = summary
  if (asRecords(context)) context.record({ type: 'summary', policy: name, ...summary })
  else {
    context.print([
      `${runs} runs under the policy ${flat(name)}: ${pass} pass, ${interrupt} interrupted, ${stop} stopped; ${decisions} calls were judged`,
      ...(problems === 0 ? [] : [`${problems} lines were no runs`]),
    ])
  }
  return problems === 0 ? EXIT.ok : EXIT.usage
}

const asRecords = ({ settings, io }: Context): boolean => settings.json || !('isTTY' in io.stdout && io.stdout.isTTY === true)

/** A policy that was named, for this command or by its environment; the default of runs is about files and commands, not about tools. */
function policyOf({ loaded, settings, io }: Context): string {
  const origin = loaded.origins.get('policy')
  if (origin === undefined || origin.kind === 'default' || origin.kind === 'file') return DEFAULT_POLICY
  return isProfileName(settings.policy) ? settings.policy : resolve(io.cwd, settings.policy)
}

function tell(context: Context, { id, verdict, at, rule, reason, decisions }: ReplayedRun): void {
  if (asRecords(context)) return context.record({ id, verdict, at, rule, reason, decisions })
  const where = at === null ? '' : ` at event ${at} by ${flat(rule ?? '')}: ${flat(reason ?? '')}`
  context.print([`${context.palette(verdict === 'pass' ? 'green' : verdict === 'stop' ? 'red' : 'yellow', verdict)} ${flat(id)}${where}`])
}
