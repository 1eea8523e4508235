// Makes this checkout ready to run and to test: system packages, npm packages, dist/. Runs before `npm start` and `npm test`;
// where there is nothing to do it takes a fraction of a second and needs no network. `--browser` asks for Chromium as well.
import { ensureBuilt } from './build.mjs'
import { ensurePackages } from './lib/npm-packages.mjs'
import { SetupError, readStamp, runScript, writeStamp } from './lib/project.mjs'
import { installPackages, mayInstall, missingPackages, tellMissing } from './lib/system-packages.mjs'

const OLDEST_NODE = [20, 19]
const TRIED = 'node_modules/.planner-exec-system.json'
const TRY_AGAIN_AFTER_MS = 60 * 60 * 1000

await runScript(async () => {
  requireNode()
  await ensurePackages()
  await ensureSystemPackages(['bubblewrap', 'git', ...(process.argv.includes('--browser') ? ['chromium'] : [])])
  await ensureBuilt()
})

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  const [oldestMajor, oldestMinor] = OLDEST_NODE
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return
  throw new SetupError(`Node ${process.versions.node} is too old.`, {
    why: 'the program uses what came with later ones.',
    remedy: 'install Node 20.19, 22.12 or later.',
  })
}

/** Installs them where this process may, else prints the command. Never a reason not to start: what needs them is refused with the remedy. */
async function ensureSystemPackages(names) {
  const missing = missingPackages(names)
  if (missing.length === 0) return
  const tried = readStamp(TRIED)
  const triedLately = tried !== null && Date.now() - tried.at < TRY_AGAIN_AFTER_MS && missing.every((name) => tried.names.includes(name))
  if (mayInstall() && !triedLately) {
    writeStamp(TRIED, { names: missing, at: Date.now() })
    await installPackages(missing)
  }
  const left = missingPackages(names)
  if (left.length > 0) tellMissing(left)
}
