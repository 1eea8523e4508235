import { readFileSync } from 'node:fs'
import { Command as Program, CommanderError, Option } from 'commander'
import { packagePath } from '../package-path.ts'
import type { Command } from './command.ts'
import type { Io } from './io.ts'
import type { How } from './perform.ts'

/** Runs one command's module with what was typed. */
export type Dispatch = (load: () => Promise<Command>, program: Program, how: How) => Promise<void>

const GLOBAL = ['workspace', 'state', 'policy', 'shadowPolicy', 'allowRule', 'askRule', 'denyRule', 'json']
const PLANNING = ['workflowType', 'maxSteps', 'timeout', 'timeoutMs', 'parallel', 'plan', 'playbook', 'allow', 'context', 'params', 'since']
const PERSON = ['interactive', 'ask', 'out', 'failOn']
const COMMON: How = { settings: GLOBAL }
const PLAN: How = { settings: [...GLOBAL, ...PLANNING], judgesSettings: true }
const RUN: How = { settings: [...GLOBAL, ...PLANNING, ...PERSON, 'signOff', 'dryRun'], judgesSettings: true }
const REPORT: How = { settings: [...GLOBAL, 'out', 'failOn'] }
const RESUME: How = { settings: [...GLOBAL, ...PERSON] }

const append = (value: string, list: readonly string[] | undefined): string[] => [...(list ?? []), value]
const appendSplit = (value: string, list: readonly string[] | undefined): string[] => [
  ...(list ?? []),
  ...value.split(',').filter((part) => part !== ''),
]
const count = (_: string, sofar: number | undefined): number => (sofar ?? 0) + 1

/** The whole command line; nothing but commander is loaded until a command runs. */
export function createProgram(dispatch: Dispatch): Program {
  const program = new Program('planner-exec')
    .description('Plans a goal, has every action judged by a guard, runs it durably and reports with evidence.')
    .version(versionOf(), '-V, --version')
    .option('--workspace <dir>', 'the folder to work in (default: the current folder)')
    .option('--state <dir>', 'where runs are kept (default: <workspace>/.planner-exec)')
    .option('--policy <file|profile>', 'workstation, server, paranoid, agent, or a policy file')
    .option('--allow-rule <spec>', 'also allow this, such as "fs.write(src/**)"; repeatable', append)
    .option('--ask-rule <spec>', 'also ask about this; repeatable', append)
    .option('--deny-rule <spec>', 'also deny this; repeatable', append)
    .option('--shadow-policy <file|profile>', 'a policy on trial: its word on each action is recorded, and decides nothing')
    .option('--config <file>', 'a configuration file (default: ~/.config/planner-exec/config.yaml)')
    .option('--json', 'one JSON object a line on standard output')
    .option('-q, --quiet', 'only what matters at the end')
    .addOption(new Option('-v, --verbose', 'more detail; -vv for all of it').argParser(count))
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError(true)
    .exitOverride()
  addRunCommands(program, dispatch)
  addLookCommands(program, dispatch)
  addTimeTravelCommands(program, dispatch)
  addAnswerCommands(program, dispatch)
  addSteerCommands(program, dispatch)
  addToolCommands(program, dispatch)
  return program
}

/** Loads the commands' surroundings only when one is run; `done` gets the exit code. */
export function dispatchOf(io: Io, done: (exitCode: number) => void): Dispatch {
  return async (load, program, how) => {
    const { perform } = await import('./perform.ts')
    done(
      await perform(
        io,
        await load(),
        { command: program.name(), args: program.args, options: program.optsWithGlobals<Record<string, unknown>>() },
        how,
      ),
    )
  }
}

/** What a refused command line ends with; help and version are no refusals. */
export async function exitCodeOfUsage(io: Io, error: unknown): Promise<number> {
  if (error instanceof CommanderError && error.exitCode === 0) return 0
  const { refuse } = await import('./perform.ts')
  return refuse(io, error)
}

function addPlanOptions(command: Program): Program {
  return command
    .option('--workflow-type <type>', 'simple, research_and_planning or complex_orchestration')
    .option('--max-steps <n>', 'actions that may be started at most (10, 50 or 100 by type)')
    .option('--timeout <duration>', 'how long the run may take, such as 5m or 90s (default: 5m)')
    .option('--timeout-ms <n>', 'the same in milliseconds')
    .option('--parallel <n>', 'actions that run at the same time at most (default: 4)')
    .option('--plan <file>', 'a plan to carry out, YAML or JSON')
    .option('--playbook <id>', 'the only playbook to plan with')
    .option('--allow <capability,...>', 'use no other capabilities; repeatable', appendSplit)
    .option('--context <key=value>', 'something the planner should know; repeatable', append)
    .option('--since <revision>', 'report only what changed since this revision of git')
    .option('--params <file>', 'parameters as JSON (PlannerExecParams); options win')
}

function addPersonOptions(command: Program): Program {
  return command
    .option('--interactive', 'ask at the terminal (default when there is one)')
    .addOption(new Option('--non-interactive', 'never ask at the terminal').conflicts('interactive'))
    .addOption(new Option('--ask <park|deny>', 'without a terminal: wait for a person elsewhere, or take it as a no (default: park)'))
    .option('--out <dir>', 'write the files of the report there, too')
    .addOption(failOn())
}

function failOn(): Option {
  return new Option('--fail-on <severity>', 'exit with 1 when a finding is at least this grave: high, medium, low or info')
}

function addRunCommands(program: Program, dispatch: Dispatch): void {
  const run = program.command('run').description('plan and execute a goal').argument('[goal]', 'what to achieve (default: analyze this codebase)')
  addPersonOptions(addPlanOptions(run))
    .option('--sign-off', 'have a person sign the plan before it runs')
    .option('--dry-run', 'plan and explain, run nothing')
    .option('--explain <finding>', 'end with all there is to say about this finding')
    .action((_goal, _options, self: Program) => dispatch(async () => (await import('./commands/run.ts')).runCommand, self, RUN))
  addPlanOptions(program.command('plan').description('plan, validate and explain; run nothing').argument('[goal]', 'what to achieve')).action(
    (_goal, _options, self: Program) => dispatch(async () => (await import('./commands/plan.ts')).planCommand, self, PLAN),
  )
  addPersonOptions(program.command('resume').description('continue an interrupted or waiting run').argument('[id]', RUN_ID))
    .option('--all', 'every unfinished run, one after the other')
    .option('--dry-run', 'say which would go on, and why the others would not; run nothing')
    .action((_id, _options, self: Program) => dispatch(async () => (await import('./commands/resume.ts')).resumeCommand, self, RESUME))
}

const RUN_ID = 'the run: its id, a unique beginning of it, or "last"'

function addLookCommands(program: Program, dispatch: Dispatch): void {
  const look = async () => await import('./commands/look.ts')
  program
    .command('list')
    .description('the runs of this workspace, newest first')
    .option('--limit <n>', 'at most this many (default: 50)')
    .action((_options, self: Program) => dispatch(async () => (await look()).listCommand, self, COMMON))
  program
    .command('show')
    .description('a run: its state, its plan, and what it waits for')
    .argument('<id>', RUN_ID)
    .action((_id, _options, self: Program) => dispatch(async () => (await look()).showCommand, self, COMMON))
  program
    .command('events')
    .description('what happened in a run, in order')
    .argument('<id>', RUN_ID)
    .option('--follow', 'go on until the run ends')
    .option('--from <seq>', 'from this record on')
    .action((_id, _options, self: Program) => dispatch(async () => (await look()).eventsCommand, self, COMMON))
  program
    .command('report')
    .description("a finished run's report, as Markdown or with --json")
    .argument('<id>', RUN_ID)
    .option('--explain <finding>', 'all there is to say about this finding, by its id or a unique beginning of it')
    .option('--out <dir>', 'write the files of the report there')
    .addOption(failOn())
    .action((_id, _options, self: Program) => dispatch(async () => (await look()).reportCommand, self, REPORT))
}

function addTimeTravelCommands(program: Program, dispatch: Dispatch): void {
  const travel = async () => await import('./commands/time-travel.ts')
  program
    .command('replay')
    .description('a run as it was at one of its records; runs nothing, and checks that each record follows')
    .argument('<id>', RUN_ID)
    .option('--to <seq>', 'up to this record (default: the last)')
    .action((_id, _options, self: Program) => dispatch(async () => (await travel()).replayCommand, self, COMMON))
  program
    .command('fork')
    .description('a new run that begins where another one was at a record')
    .argument('<id>', RUN_ID)
    .requiredOption('--from <seq>', 'the last record that the new run takes over')
    .action((_id, _options, self: Program) => dispatch(async () => (await travel()).forkCommand, self, COMMON))
}

function addAnswerCommands(program: Program, dispatch: Dispatch): void {
  const answer = async () => (await import('./commands/answer.ts')).answerCommand
  const verb = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .argument('<id>', RUN_ID)
      .argument('<action>', 'the step that waits')
      .option('--reason <text>', 'why; it is recorded')
      .action((...given: unknown[]) => dispatch(answer, selfOf(given), COMMON))
  const digest = ['--digest <sha256>', 'answer only if this is still what is asked; a beginning of at least 8 digits will do'] as const
  verb('approve', 'let a waiting action run, or sign the plan (ACTION "plan")')
    .option(...digest)
    .addOption(new Option('--edit <json>', 'with these arguments instead; for "plan" a plan file').conflicts(['suggested', 'forRun']))
    .addOption(new Option('--suggested', 'with the arguments that the guard suggests instead').conflicts('forRun'))
    .option('--for-run', 'also let what is like it run for the rest of the run: same rule, same folder, program and flags, or host')
  verb('reject', 'refuse a waiting action, or the plan (ACTION "plan")').option(...digest)
  verb('skip', 'leave a step out')
  verb('respond', 'answer in place of an action, or the question about the goal (ACTION "goal")')
    .option(...digest)
    .argument('[answer]', "the action's output as JSON, or the answer in words")
    .option('--edit <json>', "the action's output, as an option")
  program
    .command('resolve')
    .description('settle whether an effect happened that nobody saw end')
    .argument('<id>', RUN_ID)
    .argument('<action>', 'the step in doubt')
    .argument('<resolution>', 'happened, did-not or failed')
    .option('--reason <text>', 'why; it is recorded')
    .action((...given: unknown[]) => dispatch(answer, selfOf(given), COMMON))
  program
    .command('choose')
    .description('say how a stalled run goes on')
    .argument('<id>', RUN_ID)
    .argument('<option>', 'continue, replan, accept or fail')
    .action((...given: unknown[]) => dispatch(answer, selfOf(given), COMMON))
}

function addSteerCommands(program: Program, dispatch: Dispatch): void {
  const steer = async () => (await import('./commands/steer.ts')).steerCommand
  const verb = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .argument('<id>', RUN_ID)
      .action((...given: unknown[]) => dispatch(steer, selfOf(given), COMMON))
  verb('pause', 'hold a run once its running actions are done').option('--abort', 'stop the running actions instead of letting them finish')
  verb('continue', 'let a paused run go on')
  verb('cancel', 'end a run').option('--reason <text>', 'why; it is recorded')
  verb('escalate', 'have a run ask for a person')
  verb('modify', 'change limits, plan or results of a run')
    .option('--max-steps <n>', 'the new limit of actions')
    .option('--timeout <duration>', 'the new time limit, such as 10m')
    .option('--add-action <file>', 'a step, or a list of steps, as YAML or JSON; repeatable', append)
    .option('--remove-action <step>', 'a step that has not begun; repeatable', append)
    .option('--override <step=file>', 'an output (JSON file) that stands in for a step; repeatable', append)
}

function addToolCommands(program: Program, dispatch: Dispatch): void {
  program
    .command('capabilities')
    .description('what actions can do; with a name: its description and schema')
    .argument('[name]', 'a capability')
    .action((_name, _options, self: Program) => dispatch(async () => (await import('./commands/capabilities.ts')).capabilitiesCommand, self, COMMON))
  program
    .command('playbooks')
    .description('the goals that can be planned without a model')
    .action((_options, self: Program) => dispatch(async () => (await import('./commands/playbooks.ts')).playbooksCommand, self, COMMON))
  program
    .command('doctor')
    .description('check every part for real and print the remedies')
    .action((_options, self: Program) =>
      dispatch(async () => (await import('./commands/doctor.ts')).doctorCommand, self, { ...COMMON, judgesSettings: true }),
    )
  program
    .command('gc')
    .description('remove finished runs that are too old or too many, with all that is theirs; live ones never')
    .option('--older-than <duration>', 'those that ended longer ago, such as 24h or 30m (default: 24h)')
    .option('--keep <n>', 'keep at most this many, those that ended last (default: 100)')
    .option('--dry-run', 'say what would be removed, remove nothing')
    .action((_options, self: Program) => dispatch(async () => (await import('./commands/gc.ts')).gcCommand, self, COMMON))
  const config = program.command('config').description('the effective configuration')
  addPersonOptions(addPlanOptions(config.command('show').description('each value, and where it comes from')))
    .option('--sign-off', 'as in run')
    .option('--dry-run', 'as in run')
    .action((_options, self: Program) =>
      dispatch(async () => (await import('./commands/config.ts')).configShowCommand, self, { settings: RUN.settings }),
    )
  config
    .command('check')
    .description('whether a configuration file can be used')
    .argument('<file>', 'YAML or JSON')
    .action((_file, _options, self: Program) =>
      dispatch(async () => (await import('./commands/config.ts')).configCheckCommand, self, { ...COMMON, judgesSettings: true }),
    )
  const policy = program.command('policy').description('work on policies')
  policy
    .command('check')
    .description('whether policies can be used, and what in them is hardly meant')
    .argument('<file...>', 'policy files, or names of profiles')
    .action((_file, _options, self: Program) => dispatch(async () => (await import('./commands/policy.ts')).policyCheckCommand, self, COMMON))
  policy
    .command('test')
    .description('what a policy decides about tables of actions, against what is expected')
    .argument('<file>', 'a policy file, or the name of a profile')
    .argument('[tests...]', 'files of tests (default: those in the folder tests beside the policy)')
    .action((...given: unknown[]) => dispatch(async () => (await import('./commands/policy.ts')).policyTestCommand, selfOf(given), COMMON))
  addPlanOptions(policy.command('explain').description('what the guard says of every action of a plan, before anything runs'))
    .argument('[goal]', 'what to achieve')
    .addOption(new Option('--action <file>', 'explain the action, or the list of actions, in this YAML or JSON file instead').conflicts('commands'))
    .option('--commands <file>', 'explain the shell commands in this file, one a line, instead; - for standard input')
    .action((_goal, _options, self: Program) => dispatch(async () => (await import('./commands/policy-explain.ts')).policyExplainCommand, self, PLAN))
  policy
    .command('replay')
    .description('what the guard would have done in recorded agent runs')
    .argument('<file>', 'recorded runs, one JSON object a line; may be compressed with gzip')
    .option('--without-plan', 'judge as if nothing had been planned beforehand')
    .action((_file, _options, self: Program) => dispatch(async () => (await import('./commands/policy-replay.ts')).policyReplayCommand, self, COMMON))
  program
    .command('export')
    .description('export a statechart')
    .addArgument(program.createArgument('<what>', 'what to export').choices(['statechart']))
    .addOption(new Option('--format <format>', 'for Stately, for tools, for documents').choices(['ts', 'json', 'mermaid']).default('ts'))
    .addOption(new Option('--machine <name>', 'which one').choices(['workflow', 'action']).default('workflow'))
    .action((_what, _options, self: Program) => dispatch(async () => (await import('./commands/export.ts')).exportCommand, self, COMMON))
  program
    .command('bench')
    .description('measure the engine with instant services; one JSON line')
    .argument('[n]', 'steps of the run (default: 1000)')
    .option('--persist <how>', 'journal or none (default: journal)')
    .option('--sync <level>', 'full or normal (default: full)')
    .option('--mode <mode>', 'single, many or resume (default: single)')
    .option('--workflows <n>', 'runs, in mode many (default: 1000)')
    .option('--steps <n>', 'steps of each run, in mode many (default: 10)')
    .option('--concurrency <n>', 'runs under way at once, in mode many (default: 50)')
    .option('--payload <bytes>', 'size of each output (default: 200)')
    .option('--distinct', 'every output another text; otherwise all are the same, as in the benchmarks of others')
    .option('--left-in <dir>', 'in mode resume: resume the run that was left there, instead of leaving one')
    .option('--from <where>', 'with --left-in: snapshot or start (default: snapshot)')
    .action((_n, _options, self: Program) => dispatch(async () => (await import('./commands/bench.ts')).benchCommand, self, COMMON))
}

/** Commander hands an action its arguments, its options and, last, the command itself. */
function selfOf(given: readonly unknown[]): Program {
  const self = given.at(-1)
  if (!(self instanceof Program)) throw new TypeError('commander passed no command')
  return self
}

function versionOf(): string {
  const { version }: { version: string } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8'))
  return version
}
