import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ControllerError } from '../../errors.ts'
import { isProfileName } from '../../model/policy.ts'
import type { CapabilityCatalog } from '../../services/executor/executor.ts'
import type { LoadedPolicy } from '../../services/guard/policy-file.ts'
import type { PolicyTest, TestOutcome } from '../../services/guard/policy-tests.ts'
import type { Command, Context } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { flat } from '../output/columns.ts'
import { tableLines } from '../output/table.ts'

/** `policy check FILE…`: whether policies can be used, and what in them is hardly meant. Exit 2 when one cannot be used. */
export const policyCheckCommand: Command = async (context, typed) => {
  if (typed.args.length === 0) throw new ControllerError('USAGE', 'policy check needs a file.')
  const faults: ControllerError[] = []
  for (const given of typed.args) {
    try {
      await check(context, given)
    } catch (error) {
      if (!(error instanceof ControllerError)) throw error
      faults.push(error)
    }
  }
  const [first, ...others] = faults
  if (first === undefined) return EXIT.ok
  if (others.length === 0) throw first
  throw new ControllerError('POLICY_INVALID', faults.map(({ message }) => message).join('\n'), { details: faults.flatMap(({ details }) => details) })
}

async function check(context: Context, given: string): Promise<void> {
  const { loadPolicy, lintLines } = await import('../../services/guard/policy-file.ts')
  const loaded = await loadPolicy(pathOf(context, given))
  await openGuard(context, loaded)
  const { policy, name, source } = loaded
  const warnings = lintLines(loaded)
  if (context.settings.json) {
    const { enforcement, rules } = policy
    return context.record({ type: 'policy', ok: true, name, source, enforcement, rules: rules.length, warnings })
  }
  const examples = policy.rules.reduce((sum, { examples: each }) => sum + (each ? each.match.length + each.not_match.length : 0), 0)
  context.print([
    `ok: ${flat(source)}`,
    `  ${flat(name)}: enforcement ${policy.enforcement}, ${policy.rules.length} rules, ${Object.keys(policy.defaults).length} defaults, ${examples} examples hold`,
    ...warnings.map((warning) => `  warning: ${flat(warning)}`),
  ])
}

/**
 * `policy test FILE [TESTS…]`: what a policy decides about tables of actions, against what is expected. The examples in the policy are tried
 * when it is loaded. Without TESTS, those in the folder `tests` beside the policy. Exit 1 when one fails.
 */
export const policyTestCommand: Command = async (context, typed) => {
  const [given, ...files] = typed.args
  if (given === undefined) throw new ControllerError('USAGE', 'policy test needs a policy.')
  const [{ loadPolicy }, { runPolicyTests }] = await Promise.all([
    import('../../services/guard/policy-file.ts'),
    import('../../services/guard/policy-tests.ts'),
  ])
  const loaded = await loadPolicy(pathOf(context, given))
  const { guard, catalog } = await openGuard(context, loaded)
  const tables = files.length > 0 ? files.map((file) => resolve(context.io.cwd, file)) : [testsBeside(loaded)]
  const outcomes: Located[] = []
  for (const file of tables) {
    const { cases, lineOf } = await readTests(file)
    const judged = await runPolicyTests(cases, guard, catalog)
    outcomes.push(...judged.map((outcome, index) => ({ ...outcome, at: `${file}:${lineOf(['cases', index])}` })))
  }
  report(context, loaded.name, outcomes)
  return outcomes.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed
}

interface Located extends TestOutcome {
  readonly at: string
}

function report(context: Context, policy: string, outcomes: readonly Located[]): void {
  const failed = outcomes.filter(({ ok }) => !ok)
  if (context.settings.json) {
    for (const { test, at, decision, ruleId, reason } of failed)
      context.record({ type: 'policy-test', ok: false, at, ...test, decision, ruleId, reason })
    return context.record({ type: 'policy-tests', policy, ok: failed.length === 0, passed: outcomes.length - failed.length, failed: failed.length })
  }
  const rows = failed.map(({ test, at, decision, ruleId }) => [at, actionText(test), wanted(test), `${decision} by ${ruleId}`])
  const details = failed.flatMap(({ test, at, reason }) => [
    `  ${flat(at)}: ${flat(reason)}${test.why === undefined ? '' : `; expected because ${flat(test.why)}`}`,
  ])
  context.print([
    ...(failed.length === 0 ? [] : [...tableLines(['where', 'action', 'expected', 'decided'], rows, { elastic: 1, total: 160 }), '', ...details, '']),
    `${flat(policy)}: ${outcomes.length - failed.length} of ${outcomes.length} cases as expected`,
  ])
}

function actionText({ capability, args }: PolicyTest): string {
  return `${capability} ${JSON.stringify(args)}`
}

function wanted({ expect, rule }: PolicyTest): string {
  return rule === undefined ? expect : `${expect} by ${rule}`
}

function testsBeside({ source, name }: LoadedPolicy): string {
  const beside = join(dirname(source), 'tests', `${name}.yaml`)
  if (existsSync(beside)) return beside
  throw new ControllerError('USAGE', `There are no tests for ${name}.`, { hint: `Name a file of tests, or write ${beside}.` })
}

async function readTests(
  file: string,
): Promise<{ readonly cases: readonly PolicyTest[]; readonly lineOf: (at: readonly (string | number)[]) => number }> {
  const [{ readYamlFile }, { PolicyTests }] = await Promise.all([
    import('../../services/oracle/yaml-document.ts'),
    import('../../services/guard/policy-tests.ts'),
  ])
  const { value, lineOf } = await readYamlFile(file, { maxBytes: 4 * 1024 * 1024, code: 'POLICY_INVALID', subject: 'Policy tests' })
  const parsed = PolicyTests.safeParse(value)
  if (parsed.success) return { cases: parsed.data.cases, lineOf }
  const problems = parsed.error.issues.map(({ path, message }) => {
    const place = path.map((part) => (typeof part === 'number' ? part : String(part)))
    return `${file}:${lineOf(place)}: ${place.join('.') || 'tests'}: ${message}`
  })
  throw new ControllerError('POLICY_INVALID', `The tests cannot be used:\n${problems.join('\n')}`, { details: problems })
}

function pathOf(context: Context, given: string): string {
  return isProfileName(given) ? given : resolve(context.io.cwd, given)
}

/** The guard of a run under this policy, so that a name that no capability has is found here and not there. @throws ControllerError POLICY_INVALID */
async function openGuard({ io, settings }: Context, { policy, name }: LoadedPolicy) {
  const [{ createPolicyGuard }, { createCatalog }, { baseCapabilities }, { createHttpCapabilities }, { analysisCapabilities }] = await Promise.all([
    import('../../services/guard/policy.guard.ts'),
    import('../../services/executor/catalog.ts'),
    import('../../services/executor/capabilities/index.ts'),
    import('../../services/executor/capabilities/http.fetch.ts'),
    import('../../services/executor/capabilities/analysis/index.ts'),
  ])
  const workspace = resolve(io.cwd, settings.workspace)
  const found = createCatalog([...baseCapabilities, ...createHttpCapabilities(), ...analysisCapabilities], { git: null, sandbox: null })
  // What a policy says must not depend on what is installed where it is tested.
  const catalog: CapabilityCatalog = { ...found, unavailable: () => null }
  const guard = createPolicyGuard({ policy, name, catalog, workspace, stateDir: resolve(workspace, settings.state ?? '.planner-exec') })
  return { guard, catalog }
}
