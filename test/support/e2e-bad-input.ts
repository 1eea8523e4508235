/** Parameters with what each is refused for, in the order in which it is told. */
export interface BadParameters {
  readonly params: unknown
  readonly problems: readonly (readonly [path: string, problem: string])[]
}

export const PARAMETERS_TOO_LOW: BadParameters = {
  params: {
    workflow_id: '-begins-with-a-dash',
    goal: '   ',
    workflow_type: 'enormous',
    max_steps: 0,
    timeout_ms: 999,
    context: 'text',
    allowed_capabilities: 'fs.read.v1',
    resource_limits: { max_memory_mb: 15, max_cpu_seconds: 0, max_fs_operations: -1, max_network_requests: -1, max_parallel_executions: 0 },
    preferences: {
      verbosity: 'loud',
      interactive: 'yes',
      continue_on_error: 1,
      stall_detection_ms: 99,
      auto_escalation: null,
      user_intervention_timeout_s: 0,
    },
  },
  problems: [
    ['workflow_id', 'letters, digits, - and _, at most 128'],
    ['goal', 'must not be empty'],
    ['workflow_type', 'one of simple, research_and_planning, complex_orchestration'],
    ['max_steps', 'at least 1'],
    ['timeout_ms', 'at least 1000'],
    ['context', 'given'],
    ['allowed_capabilities', 'given'],
    ['resource_limits.max_memory_mb', 'at least 16'],
    ['resource_limits.max_cpu_seconds', 'at least 1'],
    ['resource_limits.max_fs_operations', 'at least 0'],
    ['resource_limits.max_network_requests', 'at least 0'],
    ['resource_limits.max_parallel_executions', 'at least 1'],
    ['preferences.verbosity', 'one of quiet, normal, verbose, debug'],
    ['preferences.interactive', 'given "yes"'],
    ['preferences.continue_on_error', 'given 1'],
    ['preferences.stall_detection_ms', 'at least 100'],
    ['preferences.auto_escalation', 'given null'],
    ['preferences.user_intervention_timeout_s', 'at least 1'],
  ],
}

export const PARAMETERS_TOO_HIGH: BadParameters = {
  params: {
    workflow_id: 'x'.repeat(129),
    goal: 'x'.repeat(10_001),
    max_steps: 1.5,
    timeout_ms: 3_600_001,
    resource_limits: {
      max_memory_mb: 1_048_577,
      max_cpu_seconds: 86_401,
      max_fs_operations: 10_000_001,
      max_network_requests: 10_000_001,
      max_parallel_executions: 257,
    },
    preferences: { stall_detection_ms: 3_600_001, user_intervention_timeout_s: 86_401 },
  },
  problems: [
    ['workflow_id', 'at most 128'],
    ['goal', 'at most 10000 characters'],
    ['max_steps', 'given 1.5'],
    ['timeout_ms', 'at most 3600000'],
    ['resource_limits.max_memory_mb', 'at most 1048576'],
    ['resource_limits.max_cpu_seconds', 'at most 86400'],
    ['resource_limits.max_fs_operations', 'at most 10000000'],
    ['resource_limits.max_network_requests', 'at most 10000000'],
    ['resource_limits.max_parallel_executions', 'at most 256'],
    ['preferences.stall_detection_ms', 'at most 3600000'],
    ['preferences.user_intervention_timeout_s', 'at most 86400'],
  ],
}

export const PARAMETERS_UNKNOWN: BadParameters = {
  params: { gaol: 'g', resource_limits: { max_memory: 1 }, preferences: { verbose: true } },
  problems: [
    ['resource_limits.max_memory', 'no such field'],
    ['preferences.verbose', 'no such field'],
    ['gaol', 'no such field'],
  ],
}

const step = (id: string, capability: string, args: object = {}, more: object = {}) => ({ id, title: id, capability, args, ...more })
const stat = (id: string, more: object = {}) => step(id, 'fs.stat.v1', { path: '.' }, more)
const plan = (steps: readonly object[], more: object = {}) => ({ version: 1, steps, ...more })

export interface BadPlan {
  readonly code: string
  readonly plan: unknown
  /** Words of the message that show it is about this plan. */
  readonly said: string
}

/** One for each code of the validator that a plan file can meet; those that need an earlier plan of the run are tried elsewhere. */
export const PLANS: readonly BadPlan[] = [
  { code: 'E_EMPTY', plan: plan([]), said: 'has no steps' },
  { code: 'E_TOO_MANY_STEPS', plan: plan(Array.from({ length: 11 }, (_, i) => stat(`s${i}`))), said: 'has 11 steps, 10 are allowed' },
  { code: 'E_BUDGET', plan: plan([stat('a')], { budget: { ms: 86_400_000 } }), said: 'asks for 86400000 ms' },
  { code: 'E_DUP_ID', plan: plan([stat('a'), stat('a')]), said: 'both called a' },
  { code: 'E_SELF_DEP', plan: plan([stat('a', { dependsOn: ['a'] })]), said: 'waits for itself' },
  { code: 'E_UNKNOWN_DEP', plan: plan([stat('a', { dependsOn: ['b'] })]), said: 'waits for b' },
  { code: 'E_CYCLE', plan: plan([stat('a', { dependsOn: ['b'] }), stat('b', { dependsOn: ['a'] })]), said: 'a → b → a' },
  {
    code: 'E_BAD_REF',
    plan: plan([stat('a'), step('b', 'fs.read.v1', { path: '${steps.a.output.nothing}' }, { dependsOn: ['a'] })]),
    said: 'nothing',
  },
  { code: 'E_REF_NOT_ANCESTOR', plan: plan([stat('a'), step('b', 'fs.read.v1', { path: '${steps.a.output.path}' })]), said: 'does not wait for a' },
  { code: 'E_UNKNOWN_CAPABILITY', plan: plan([step('a', 'fs.raed.v1')]), said: 'Did you mean fs.read.v1?' },
  { code: 'E_RISK_UNDERSTATED', plan: plan([step('a', 'fs.write.v1', { path: 'a', content: '' }, { risk: 'low' })]), said: 'calls its risk low' },
  { code: 'E_CAPABILITY_DENIED', plan: plan([step('a', 'fs.read.v1', { path: '/etc/passwd' })]), said: 'is denied by' },
  { code: 'E_ARGS_SCHEMA', plan: plan([step('a', 'fs.read.v1', { pth: 'x' })]), said: 'does not fit fs.read.v1' },
  {
    code: 'E_WRITE_CONFLICT',
    plan: plan([step('a', 'fs.write.v1', { path: 'x', content: '1' }), step('b', 'fs.write.v1', { path: './x', content: '2' })]),
    said: 'both write x',
  },
  // What is no plan at all is told before the validator sees it.
  { code: 'PLAN_INVALID', plan: 'version: 1\nsteps: [{ id: a, title: A, capability: fs.stat.v1, args: { depth: .nan } }]\n', said: 'args.depth' },
  { code: 'PLAN_INVALID', plan: { version: 2, steps: [{ id: 'A b', capability: 'x' }], extra: 1 }, said: 'extra' },
  { code: 'PLAN_UNREADABLE', plan: 'version: 1\nsteps: [\n', said: 'plan.yaml' },
  { code: 'PLAN_UNREADABLE', plan: 'a: &a [*a]\n', said: 'plan.yaml' },
]

export interface BadPolicy {
  readonly what: string
  readonly content: string
  readonly code: string
  readonly said: string
}

const invalid = (what: string, content: string, said: string): BadPolicy => ({ what, content, code: 'POLICY_INVALID', said })

export const POLICIES: readonly BadPolicy[] = [
  invalid('nothing', '', 'is empty'),
  invalid('no YAML', 'version: 1\ndefaults: [\n', 'policy.yaml:'),
  invalid('binary', 'version: 1\n\0\u0001', 'NUL'),
  invalid('a list', '- allow\n', 'policy.yaml:1'),
  invalid('no version', "defaults: { '*': allow }\n", 'version'),
  invalid('another version', 'version: 2\n', 'version'),
  invalid('an unknown key', 'version: 1\ndefualts: {}\n', 'defualts'),
  invalid('an unknown decision', "version: 1\ndefaults: { '*': maybe }\n", '"allow"|"ask"|"deny"'),
  invalid('a key twice', 'version: 1\nversion: 1\n', 'policy.yaml:2'),
  invalid('a rule that decides nothing', 'version: 1\nrules: [{ reason: because }]\n', 'rules'),
  invalid('a broken pattern', "version: 1\nrules: [{ allow: 'fs.read(' }]\n", 'fs.read('),
  invalid('a capability that does not exist', "version: 1\nrules: [{ allow: 'fs.raed' }]\n", 'fs.raed'),
]

/** Command lines that say nothing that can be done, with the code and words of the answer. */
export const USAGES: readonly (readonly [line: string, code: string, said: string])[] = [
  ['frobnicate', 'USAGE', "unknown command 'frobnicate'"],
  ['runn', 'USAGE', 'Did you mean run?'],
  ['run --nope', 'USAGE', "unknown option '--nope'"],
  ['run a b', 'USAGE', 'in quotes'],
  ['run --interactive', 'USAGE', 'needs a terminal'],
  ['run --interactive --non-interactive', 'USAGE', 'cannot be used with'],
  ['run --params nothing.json', 'PARAMS_INVALID', 'cannot be read'],
  ['run --plan nothing.yaml', 'PLAN_UNREADABLE', 'cannot be read'],
  ['run --plan .', 'PLAN_UNREADABLE', 'is not a file'],
  ['run --policy nothing', 'POLICY_UNKNOWN', 'workstation'],
  ['--config nothing.yaml run', 'CONFIG_INVALID', 'nothing.yaml'],
  ['resume', 'USAGE', 'either a run or --all'],
  ['resume last', 'RUN_UNKNOWN', 'no run in this workspace yet'],
  ['show', 'USAGE', "missing required argument 'id'"],
  ['show abcdef', 'RUN_UNKNOWN', 'planner-exec list'],
  ['approve last', 'USAGE', "missing required argument 'action'"],
  ['list --limit x', 'USAGE', '--limit is x'],
  ['events last --from x', 'USAGE', '--from is x'],
  ['capabilities nope.v1', 'CAPABILITY_UNKNOWN', 'nope.v1'],
  ['config check nothing.yaml', 'CONFIG_INVALID', 'nothing.yaml'],
  ['policy check nothing.yaml', 'POLICY_UNKNOWN', 'nothing.yaml'],
  ['policy nope', 'USAGE', "unknown command 'nope'"],
  ['export statechart --format png', 'USAGE', 'ts, json, mermaid'],
  ['bench 0', 'USAGE', 'N is 0'],
]
