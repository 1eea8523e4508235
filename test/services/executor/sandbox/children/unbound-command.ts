import { runSandboxed } from '../../../../../src/services/executor/sandbox/run-sandboxed.ts'
import { ResourceLimits } from '../../../../../src/model/goal.ts'

/** Runs a command with the `bwrap` of the given PATH until it is killed; prints a line at the first output. */
const [workspace = '', path = ''] = process.argv.slice(2)
process.env['PATH'] = path
let told = false
const heartbeat = () => {
  if (!told) process.stdout.write('running\n')
  told = true
}
await runSandboxed({
  argv: ['true'],
  workspace,
  stateDir: `${workspace}/.planner-exec`,
  cwd: workspace,
  env: {},
  maxStdoutBytes: 1024,
  maxStderrBytes: 1024,
  limits: ResourceLimits.parse({}),
  signal: new AbortController().signal,
  heartbeat,
  canDisableUserns: false,
})
