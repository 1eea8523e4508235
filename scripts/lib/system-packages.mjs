// The parts of the operating system that npm does not bring: the sandbox, git, a browser, a compiler.
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { runWithProgress } from './run.mjs'

/** What is looked for in PATH, the Debian package that has it, and what is missing without it. */
const PARTS = {
  bubblewrap: { programs: ['bwrap'], without: 'commands are refused, because there is no sandbox to run them in' },
  git: { programs: ['git'], without: 'git capabilities are refused' },
  chromium: { programs: ['chromium', 'chromium-browser', 'google-chrome'], without: 'the browser tests cannot run' },
  python3: { programs: ['python3'], without: 'native packages cannot be compiled' },
  make: { programs: ['make'], without: 'native packages cannot be compiled' },
  'g++': { programs: ['g++'], without: 'native packages cannot be compiled' },
}

/** Which of the Debian packages are not there. */
export function missingPackages(names) {
  return names.filter((name) => !PARTS[name].programs.some(isInPath))
}

/** Whether this process may install them: Debian or a relative of it, and root. */
export function mayInstall() {
  return existsSync('/etc/debian_version') && isInPath('apt-get') && process.getuid?.() === 0
}

/** The command that a person would type. */
export function installCommand(names) {
  const prefix = process.getuid?.() === 0 ? '' : 'sudo '
  return existsSync('/etc/debian_version')
    ? `${prefix}apt-get install -y ${names.join(' ')}`
    : `install ${names.join(', ')} with your system's package manager`
}

/** Installs them; refreshes the package lists when they turn out to be missing or old. Resolves to whether it worked. */
export async function installPackages(names) {
  const options = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=1', '-o', 'Acquire::http::Timeout=20']
  const install = ['install', '-y', '--no-install-recommends', ...options, ...names]
  const apt = (label, args) => runWithProgress('apt-get', args, { label, env: { DEBIAN_FRONTEND: 'noninteractive' } })
  const label = `Installing system packages ${names.join(', ')}`
  if ((await apt(label, install)).code === 0) return true
  await apt('Refreshing the lists of system packages', ['update', ...options])
  return (await apt(label, install)).code === 0
}

/** Says what does not work without them, and how to get them. */
export function tellMissing(names) {
  const effects = [...new Set(names.map((name) => PARTS[name].without))]
  console.error(`Missing: ${names.join(', ')}. Until then ${effects.join('; ')}.\n  ${installCommand(names)}`)
}

function isInPath(program) {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.some((folder) => isExecutable(join(folder, program)) || (process.platform === 'win32' && existsSync(join(folder, `${program}.exe`))))
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
