import { baseCapabilities } from '../../../../src/services/executor/capabilities/index.ts'
import { makeContext } from '../context.ts'

/** Runs a command with a daemon in the sandbox until it is killed; prints a line when the daemon runs. */
const [workspace = '', mark = ''] = process.argv.slice(2)
const shellExec = baseCapabilities.find(({ name }) => name === 'shell.exec.v1')
let told = false
const heartbeat = () => {
  if (!told) process.stdout.write('running\n')
  told = true
}
const script = `setsid -f sleep ${mark} </dev/null >/dev/null 2>&1; echo ready; sleep ${mark}`
await shellExec?.run(shellExec.args.parse({ argv: ['sh', '-c', script] }), makeContext(workspace, undefined, { heartbeat }))
