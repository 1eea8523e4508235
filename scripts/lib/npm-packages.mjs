// Brings node_modules in step with the lockfile.
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { SetupError, hashFiles, inRoot, readStamp, writeStamp } from './project.mjs'
import { runQuietly, runWithProgress } from './run.mjs'
import { installCommand, installPackages, mayInstall, missingPackages } from './system-packages.mjs'

const STAMP = 'node_modules/.planner-exec-setup.json'
const COMPILER = ['python3', 'make', 'g++']
const NODE_WITH_SQLITE = 22

/** Installs what the lockfile says, unless that was done before for this very lockfile and this version of Node's native interface. */
export async function ensurePackages() {
  const wanted = { lockfile: hashFiles(['package-lock.json']), abi: process.versions.modules }
  const stamp = readStamp(STAMP)
  if (stamp?.lockfile === wanted.lockfile && stamp.abi === wanted.abi) return
  const isInstalled = stamp?.lockfile === wanted.lockfile || (stamp === null && matchesLockfile())
  if (!isInstalled) await install()
  await ensureSqlite()
  writeStamp(STAMP, wanted)
}

async function install() {
  const { code, output } = await npm(
    ['ci', '--include=dev', '--no-audit', '--no-fund', '--foreground-scripts', '--loglevel=http'],
    'Installing npm packages',
  )
  if (code === 0) return
  throw new SetupError('The npm packages could not be installed.', {
    why: lastLines(output),
    remedy: 'check the network (or `npm config get registry`) and the free disk space, then run the same command again.',
  })
}

/** Node 22 has SQLite built in; older ones need a native package, which npm leaves out silently when it does not compile. */
async function ensureSqlite() {
  if (Number.parseInt(process.versions.node) >= NODE_WITH_SQLITE || (await sqliteLoads())) return
  const first = await compileSqlite()
  if (await sqliteLoads()) return
  const missing = missingPackages(COMPILER)
  if (missing.length > 0 && mayInstall() && (await installPackages(missing))) await compileSqlite()
  if (await sqliteLoads()) return
  throw new SetupError(`better-sqlite3 could not be built, and Node ${process.versions.node} has no SQLite of its own.`, {
    why: lastLines(first.output),
    remedy: `${installCommand(COMPILER)}, then run the same command again; or use Node ${NODE_WITH_SQLITE} or later, which does not need it.`,
  })
}

function compileSqlite() {
  const isThere = existsSync(inRoot('node_modules/better-sqlite3/package.json'))
  const args = isThere
    ? ['rebuild', 'better-sqlite3', '--foreground-scripts']
    : ['ci', '--include=dev', '--no-audit', '--no-fund', '--foreground-scripts']
  return npm(args, 'Building better-sqlite3')
}

async function sqliteLoads() {
  const { code } = await runQuietly(process.execPath, ['-e', "new (require('better-sqlite3'))(':memory:').close()"])
  return code === 0
}

/** True when somebody ran `npm install` by hand and it brought just what the lockfile says. */
function matchesLockfile() {
  const wanted = readStamp('package-lock.json')?.packages ?? {}
  const present = readStamp('node_modules/.package-lock.json')?.packages
  if (!present) return false
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || present[path]?.version === version || (optional && !present[path]),
  )
}

/** The npm that runs this script, else the one in PATH. */
function npm(args, label) {
  const cli = process.env['npm_execpath'] ?? ''
  const [command, first] = basename(cli) === 'npm-cli.js' ? [process.execPath, [cli]] : ['npm', []]
  let fetched = 0
  const describe = (line) => {
    if (/^npm http (?:fetch|cache)/.test(line)) return `${++fetched} fetched`
    const script = /^> ([^\s@]+)@\S+ (?:pre|post)?install/.exec(line)
    return script ? `compiling ${script[1]}, which takes a minute or two` : null
  }
  return runWithProgress(command, [...first, ...args], { label, describe })
}

function lastLines(output) {
  const isNoise = (line) => /^npm (?:http|warn|verbose)|^npm error\s*$|\sat \S+ \(|complete log of this run/.test(line)
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !isNoise(line))
  return lines.slice(-12).join('\n  ')
}
