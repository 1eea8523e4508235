import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ControllerError } from '../../errors.ts'
import { ok, tried, type CheckResult } from './check.ts'

const OLDEST_NODE = [20, 19] as const
const GIT_MS = 10_000

/** The Node that runs us. */
export function checkNode(version: string): CheckResult {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isRecent = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])
  if (isRecent) return ok('node', version)
  return { name: 'node', status: 'fail', detail: version, remedy: `Install Node ${OLDEST_NODE.join('.')} or later.` }
}

/** A database in the state folder: made, written, brought to disk, read again and removed. */
export async function checkStore(stateDir: string): Promise<CheckResult> {
  return tried('state folder', async () => {
    const [{ loadDriver }, { prepareStateFolder }] = await Promise.all([
      import('../../services/journal/sqlite-driver.ts'),
      import('../../services/journal/state-folder.ts'),
    ])
    const open = await loadDriver()
    let name = ''
    const file = join(stateDir, `doctor-${process.pid}.db`)
    try {
      prepareStateFolder(file)
      const driver = open(file)
      name = driver.name
      try {
        driver.exec("PRAGMA synchronous = FULL; CREATE TABLE doctor (word TEXT); INSERT INTO doctor VALUES ('written')")
        const row = driver.prepare('SELECT word FROM doctor').get()
        if (row?.['word'] !== 'written') throw new ControllerError('JOURNAL_UNWRITABLE', `${file} does not give back what was written`)
      } finally {
        driver.close()
      }
      const descriptor = openSync(file, 'r+')
      fsyncSync(descriptor)
      closeSync(descriptor)
      return `${stateDir} can be written (${name})`
    } catch (cause) {
      if (cause instanceof ControllerError) throw cause
      throw new ControllerError('JOURNAL_UNWRITABLE', `${stateDir} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      })
    } finally {
      for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true })
    }
  })
}

/** git, which some capabilities need. */
export async function checkGit(): Promise<CheckResult> {
  const attempt = async () => {
    const [{ execFile }, { promisify }] = await Promise.all([import('node:child_process'), import('node:util')])
    const { stdout } = await promisify(execFile)('git', ['--version'], { timeout: GIT_MS })
    return stdout.trim()
  }
  const found = await tried('git', attempt, 'warn')
  return found.status === 'ok' ? found : { ...found, remedy: 'Install git; without it the git capabilities are refused.' }
}

/** The sandbox, by doing forbidden things in it. Without one, commands are refused and the rest works. */
export async function checkSandbox(): Promise<CheckResult[]> {
  const { probeSandbox } = await import('../../services/executor/sandbox/probe.ts')
  const report = await probeSandbox()
  const summary: CheckResult = report.works
    ? ok('sandbox', `${report.kind} ${report.version ?? ''}: ${report.checks.length} acts tried, all as they should be`)
    : { name: 'sandbox', status: 'warn', detail: report.problem?.reason ?? 'does not work', remedy: report.problem?.hint ?? null }
  return [
    summary,
    ...report.checks
      .filter((check) => !check.passed)
      .map((check): CheckResult => ({ name: 'sandbox', status: 'warn', detail: `not true: it ${check.name}`, remedy: null })),
  ]
}

/** The policy that runs would be judged by. */
export async function checkPolicy(policy: string): Promise<CheckResult> {
  return tried('policy', async () => {
    const { loadPolicy } = await import('../../services/guard/policy-file.ts')
    const loaded = await loadPolicy(policy)
    return `${loaded.name} (${loaded.policy.rules.length} rules)`
  })
}

/** The playbooks that come with the package. */
export async function checkPlaybooks(): Promise<CheckResult> {
  return tried('playbooks', async () => {
    const { loadPlaybooks } = await import('../../services/oracle/playbook-file.ts')
    const playbooks = await loadPlaybooks()
    if (playbooks.length === 0) throw new ControllerError('PLAYBOOK_INVALID', 'There is no playbook', { hint: 'Install the package again.' })
    return playbooks.map(({ id }) => id).join(', ')
  })
}
