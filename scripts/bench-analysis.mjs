// Measures the default goal of the built program: `node scripts/bench-analysis.mjs --help`.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { SetupError, inRoot, runScript } from './lib/project.mjs'
import { makeMonorepo } from './lib/sample-monorepo.mjs'
import { stepOutput } from './lib/step-output.mjs'

const HELP = `node scripts/bench-analysis.mjs [DIR…]

Runs the default goal on each folder twice, in a state folder of its own: cold, then warm on unchanged files. Prints a line of JSON a run.
Without DIR it makes a TypeScript monorepo of its own, the same each time. The folders are not changed.

  --lines N         size of the monorepo (default: 100000)
  --make DIR        only make that monorepo in DIR, and print what is in it
  --assert          exit with 1 when a run misses its target, see below
  --deterministic   instead: run twice cold, compare what both wrote (ids and times aside), exit with 1 on a difference
  --help

Targets, for 100,000 lines on 2 cores: cold in 10 s, warm in 2 s, 400 MB of memory for all processes together.`

const TARGET = { coldMs: 10_000, warmMs: 2_000, peakRssMb: 400 }
const MAIN = inRoot('dist/cli/main.js')
const SAMPLE_MS = 20
const MEGABYTE = 1024 * 1024
/** Keys of the reports that differ from run to run; an action's digest is bound to its run. */
const IDS_AND_TIMES = new Set(['digest', 'startedAt', 'durationMs', 'wallMs', 'cpuMs', 'maxRssBytes', 'startTimeUtc', 'endTimeUtc'])

await runScript(async () => {
  const { values, positionals } = readArguments()
  if (values.help) return console.log(HELP)
  const lines = positiveInteger(values.lines)
  if (values.make !== undefined) return console.log(JSON.stringify(makeMonorepo(emptyFolder(values.make), lines)))
  if (!existsSync(MAIN)) throw new SetupError('There is no built program.', { remedy: 'run `npm run build` first.' })
  const scratch = mkdtempSync(join(tmpdir(), 'planner-exec-bench-'))
  try {
    const folders = positionals.length === 0 ? [join(scratch, 'monorepo')] : positionals.map(existingFolder)
    if (positionals.length === 0) makeMonorepo(folders[0], lines)
    for (const [index, folder] of folders.entries()) {
      const place = join(scratch, `run-${index}`)
      const isGood = values.deterministic ? await compareTwoRuns(folder, place) : await measureTwice(folder, place)
      if (!isGood && (values.deterministic || values.assert)) process.exitCode = 1
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
})

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        lines: { type: 'string', default: '100000' },
        make: { type: 'string' },
        assert: { type: 'boolean', default: false },
        deterministic: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new SetupError(error.message, { remedy: 'see `node scripts/bench-analysis.mjs --help`.' })
  }
}

function positiveInteger(text) {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new SetupError(`--lines is ${text}.`, { remedy: 'give a whole number above 0.' })
}

function emptyFolder(path) {
  if (!existsSync(path) || readdirSync(path).length === 0) return resolve(path)
  throw new SetupError(`${path} is not empty.`, { remedy: 'name a folder that is empty or not there yet.' })
}

function existingFolder(path) {
  if (existsSync(path)) return resolve(path)
  throw new SetupError(`${path} does not exist.`, { remedy: 'name folders that are there.' })
}

/** Whether both runs ended well and met their targets. */
async function measureTwice(folder, place) {
  let isGood = true
  for (const run of ['cold', 'warm']) {
    const { exitCode, wallMs, peakRssMb, result, out } = await analyse(folder, join(place, 'state'), join(place, run))
    const report = readReport(out)
    const inventory = await stepOutput(join(place, 'state'), report, 'analysis.inventory.v1')
    const target = run === 'cold' ? TARGET.coldMs : TARGET.warmMs
    const met = exitCode === 0 && wallMs <= target && (peakRssMb ?? 0) <= TARGET.peakRssMb
    const size = { files: inventory?.files ?? null, lines: inventory?.text.lines ?? null, findings: report?.findings.length ?? null }
    console.log(JSON.stringify({ folder, run, exitCode, status: result.status, wallMs, peakRssMb, ...size, met, slowestMs: slowestOf(report) }))
    isGood &&= met
  }
  return isGood
}

/** Whether two cold runs, each with a store of its own, wrote the same. Says what differs. */
async function compareTwoRuns(folder, place) {
  const runs = []
  for (const name of ['first', 'second']) {
    const { out, result } = await analyse(folder, join(place, name, 'state'), join(place, name, 'out'))
    runs.push(new Map(readdirSync(out).map((file) => [file, withoutIdsAndTimes(readFileSync(join(out, file), 'utf8'), file, result.runId)])))
  }
  const files = [...new Set(runs.flatMap((run) => [...run.keys()]))].sort()
  const differences = files.flatMap((file) => differenceIn(file, runs[0].get(file), runs[1].get(file)))
  console.log(JSON.stringify({ folder, files, equal: differences.length === 0, differences }))
  return differences.length === 0 && files.length > 0
}

function differenceIn(file, first, second) {
  if (first === second) return []
  if (first === undefined || second === undefined) return [{ file, problem: 'only one run wrote it' }]
  const [one, other] = [first.split('\n'), second.split('\n')]
  const at = one.findIndex((line, index) => line !== other[index])
  return [{ file, line: at + 1, first: one[at]?.slice(0, 300), second: other[at]?.slice(0, 300) }]
}

function withoutIdsAndTimes(text, file, runId) {
  const plain = text.replaceAll(runId, 'RUN').replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'TIME')
  if (/\.(?:json|sarif)$/.test(file))
    return JSON.stringify(
      JSON.parse(plain, (key, value) => (IDS_AND_TIMES.has(key) ? undefined : value)),
      null,
      1,
    )
  return plain.replaceAll(/\b\d+(?:\.\d+)? (?:ms|s|min)\b/g, 'DURATION')
}

/** Runs the default goal; what it says last, how long it took and how much memory its processes held together at most. */
async function analyse(folder, state, out) {
  const words = [MAIN, 'run', '--workspace', folder, '--state', state, '--out', out, '--json', '--non-interactive']
  const startedAt = performance.now()
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (said[name] += text))
  let peak = 0
  const sampling = setInterval(() => (peak = Math.max(peak, memoryOfTree(child.pid))), SAMPLE_MS)
  const exitCode = await new Promise((done) => child.once('close', done))
  clearInterval(sampling)
  const result = said.stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .findLast(({ type }) => type === 'result')
  if (result === undefined)
    throw new SetupError(`The run on ${folder} gave no result.`, { why: said.stderr.trim(), remedy: 'run it by hand to see more.' })
  return { exitCode, wallMs: Math.round(performance.now() - startedAt), peakRssMb: peak === 0 ? null : Math.ceil(peak / MEGABYTE), result, out }
}

/** Bytes that a process and all below it have in memory, pages shared between them counted twice; 0 where there is no procfs. */
function memoryOfTree(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const own = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
    )
    return children.reduce((sum, child) => sum + memoryOfTree(child), own)
  } catch {
    return 0
  }
}

function readReport(out) {
  const path = join(out, 'report.json')
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null
}

function slowestOf(report) {
  const times = (report?.actions ?? []).map(({ stepId, result }) => [stepId, Math.round(result?.usage.wallMs ?? 0)])
  return Object.fromEntries(times.sort(([, a], [, b]) => b - a).slice(0, 5))
}
