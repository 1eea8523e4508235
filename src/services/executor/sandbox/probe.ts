import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'
import { ControllerError } from '../../../errors.ts'
import { ResourceLimits } from '../../../model/goal.ts'
import { runProcess, trustedPath } from '../process.ts'
import { hasProgram, limitsBackend, type LimitsBackend } from './limits.ts'
import { runSandboxed } from './run-sandboxed.ts'

/** One forbidden or required act, performed inside a sandbox. */
export interface SandboxCheck {
  readonly name: string
  readonly passed: boolean
}

/** What the sandbox of this machine is worth. */
export interface SandboxReport {
  readonly works: boolean
  /** Null when no sandbox can be made at all. */
  readonly kind: 'bwrap' | null
  /** Bubblewrap's version, such as `0.8.0`. */
  readonly version: string | null
  /** Bubblewrap can forbid further user namespaces (0.8 and later). */
  readonly canDisableUserns: boolean
  readonly limits: LimitsBackend
  readonly checks: readonly SandboxCheck[]
  /** Why it does not work, and the remedy; null when it does. */
  readonly problem: { readonly reason: string; readonly hint: string } | null
}

const PROBE_MS = 20_000
const INSTALL = 'Install bubblewrap: `apt-get install bubblewrap` (Debian, Ubuntu), `dnf install bubblewrap` (Fedora).'
const USERNS =
  'Allow unprivileged user namespaces: on Ubuntu 24.04 give bwrap an AppArmor profile with `userns,` or set `sysctl kernel.apparmor_restrict_unprivileged_userns=0`; in a container start it with `--security-opt seccomp=unconfined`.'

/**
 * What is tried inside, by the same Node that runs us; prints one JSON array of checks. Every act really is performed, so a sandbox that
 * only looks right does not pass.
 */
const ACTS = `
const fs = require('node:fs'), net = require('node:net')
const [workspace, stateDir, port] = process.argv.slice(1)
const can = (act) => { try { return act() !== false } catch { return false } }
const reaches = (options) => new Promise((resolve) => {
  const socket = net.connect(options)
  socket.setTimeout(2000, () => { socket.destroy(); resolve(false) })
  socket.on('connect', () => { socket.destroy(); resolve(true) }).on('error', () => resolve(false))
})
const status = fs.readFileSync('/proc/self/status', 'latin1')
const processes = fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))
can(() => fs.writeFileSync(workspace + '/../written', 'x'))
const acts = async () => [
  ['writes in the workspace', can(() => fs.writeFileSync(workspace + '/inside', 'x'))],
  ['cannot read /etc/shadow', !can(() => fs.readFileSync('/etc/shadow'))],
  ['cannot read outside the workspace', !can(() => fs.readFileSync(workspace + '/../secret'))],
  ['cannot write to the system', !can(() => fs.writeFileSync('/usr/planner-exec-probe', 'x'))],
  ['cannot read the state folder', !can(() => fs.readFileSync(stateDir + '/secret'))],
  ['cannot write to the state folder', !can(() => fs.writeFileSync(stateDir + '/other', 'x'))],
  ['cannot move the state folder', !can(() => fs.renameSync(stateDir, workspace + '/moved'))],
  ['has no capabilities', /^CapEff:\\s*0+$/m.test(status) && /^NoNewPrivs:\\s*1$/m.test(status)],
  ['sees its own processes only', processes.length < 8],
  ['inherits no environment', Object.keys(process.env).length <= 6],
  ['cannot reach the network of the machine', !(await reaches({ host: '127.0.0.1', port: Number(port) }))],
]
acts().then((done) => console.log(JSON.stringify(done.map(([name, passed]) => ({ name, passed })))))
`

const Checks = z.array(z.strictObject({ name: z.string(), passed: z.boolean() })).min(1)

let cached: Promise<SandboxReport> | undefined

/** Finds out what the sandbox is worth by doing forbidden things in it; once per process. Never throws. */
export function probeSandbox(): Promise<SandboxReport> {
  cached ??= probe()
  return cached
}

async function probe(): Promise<SandboxReport> {
  const hasBubblewrap = process.platform === 'linux' && hasProgram('bwrap', '/nonexistent')
  const [limits, version] = await Promise.all([limitsBackend(), hasBubblewrap ? bubblewrapVersion() : null])
  const none = { works: false, kind: null, version: null, canDisableUserns: false, limits, checks: [] } as const
  if (process.platform !== 'linux') {
    return {
      ...none,
      problem: {
        reason: `Commands need a sandbox, and there is none for ${process.platform}.`,
        hint: 'Run planner-exec on Linux, in a container or a virtual machine.',
      },
    }
  }
  if (!hasBubblewrap) return { ...none, problem: { reason: 'Commands need a sandbox, and bubblewrap is not installed.', hint: INSTALL } }
  const canDisableUserns = version !== null && isAtLeast08(version)
  try {
    const checks = await performActs(canDisableUserns)
    const failed = checks.filter((check) => !check.passed).map((check) => check.name)
    const problem =
      failed.length === 0
        ? null
        : { reason: `The sandbox of bubblewrap ${version} does not hold: it is not true that it ${failed.join(', ')}.`, hint: INSTALL }
    return { works: problem === null, kind: 'bwrap', version, canDisableUserns, limits, checks, problem }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { ...none, version, problem: { reason: `Commands need a sandbox, and bubblewrap cannot make one: ${why}`, hint: USERNS } }
  }
}

async function bubblewrapVersion(): Promise<string | null> {
  try {
    const signal = AbortSignal.timeout(5_000)
    const end = await runProcess({
      file: 'bwrap',
      args: ['--version'],
      cwd: '/',
      env: { PATH: trustedPath('/nonexistent') },
      maxStdoutBytes: 1024,
      maxStderrBytes: 1024,
      signal,
    })
    return /\d+(?:\.\d+)+/.exec(end.stdout.bytes.toString('utf8'))?.[0] ?? null
  } catch {
    return null
  }
}

function isAtLeast08(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 0 || minor >= 8
}

async function performActs(canDisableUserns: boolean): Promise<readonly SandboxCheck[]> {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'planner-exec-probe-')))
  const workspace = join(base, 'workspace')
  const stateDir = join(workspace, '.planner-exec')
  const server = createServer((socket) => socket.end())
  try {
    await mkdir(stateDir, { recursive: true })
    await writeFile(join(stateDir, 'secret'), 'secret')
    await writeFile(join(base, 'secret'), 'secret')
    const port = await listen(server)
    const end = await runSandboxed({
      argv: [process.execPath, '-e', ACTS, workspace, stateDir, String(port)],
      workspace,
      stateDir,
      cwd: workspace,
      env: {},
      maxStdoutBytes: 65_536,
      maxStderrBytes: 65_536,
      limits: ResourceLimits.parse({}),
      signal: AbortSignal.timeout(PROBE_MS),
      heartbeat: () => undefined,
      canDisableUserns,
    })
    if (end.exitCode !== 0) throw new ControllerError('ACTION_FAILED', end.stderr.bytes.toString('utf8').trim())
    // The private /tmp may take the write; what counts is that the machine's own folder did not.
    const outside = { name: 'cannot write outside the workspace', passed: !existsSync(join(base, 'written')) }
    return [...Checks.parse(JSON.parse(end.stdout.bytes.toString('utf8'))), outside]
  } finally {
    server.close()
    await rm(base, { recursive: true, force: true })
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
