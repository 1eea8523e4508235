import type { Availability, Need, Shortcoming } from './catalog.ts'
import { runProcess, trustedPath } from './process.ts'
import { probeSandbox } from './sandbox/probe.ts'

const GIT_MS = 10_000

/** Looks at the parts of this machine that are needed, and at no others. */
export async function checkAvailability(needs: ReadonlySet<Need>): Promise<Availability> {
  const [git, sandbox] = await Promise.all([needs.has('git') ? checkGit() : null, needs.has('sandbox') ? checkSandbox() : null])
  return { git, sandbox }
}

async function checkSandbox(): Promise<Shortcoming | null> {
  return (await probeSandbox()).problem
}

async function checkGit(): Promise<Shortcoming | null> {
  try {
    const env = { PATH: trustedPath('/nonexistent') }
    const end = await runProcess({
      file: 'git',
      args: ['--version'],
      cwd: '/',
      env,
      maxStdoutBytes: 1024,
      maxStderrBytes: 1024,
      signal: AbortSignal.timeout(GIT_MS),
    })
    if (end.exitCode === 0) return null
  } catch {
    // Not there, or not to be started: the same for the person.
  }
  return { reason: 'git is not installed.', hint: 'Install git: `apt-get install git`, `dnf install git` or `xcode-select --install`.' }
}
