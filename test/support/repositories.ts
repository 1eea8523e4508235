import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createReadStream,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
  type BigIntStats,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { Report } from '../../src/model/report.ts'
import type { Ended } from '../e2e/invoke-cli.ts'

/** A workspace nobody has seen before, with a place around it that is watched as well. */
export interface Site {
  /** Holds everything; what lies in it beside the workspace is outside. */
  readonly base: string
  readonly workspace: string
  /** Puts a file into the workspace, with the folders it needs. */
  put(path: string, content: string | Buffer): void
  /** Runs git in the workspace, or in `folder`, with nobody's configuration. */
  git(...args: readonly string[]): string
  gitIn(folder: string, ...args: readonly string[]): string
  /** Makes the workspace a repository with everything in it committed. */
  commitAll(): void
}

export interface Analysed {
  readonly ended: Ended
  /** Null when the run wrote none. */
  readonly report: Report | null
  /** What the run wrote, by name. */
  readonly written: ReadonlyMap<string, string>
  /** What is different after the run, outside its own folders; should be empty. */
  readonly changes: readonly string[]
}

export interface AnalyseOptions {
  /** Words before the command, such as those that change its mounts. */
  readonly wrap?: readonly string[]
  readonly words?: readonly string[]
  /** Paths from the base that somebody else changes meanwhile. */
  readonly restless?: readonly string[]
  /** The run's own folder from the base; absent means `.planner-exec` in the workspace. */
  readonly state?: string
}

/** Longer than any of the runs here takes on a busy machine; a run that is still there then does not end by itself. */
const PATIENCE_MS = 150_000
const OUT = 'out'
const SMALL = 1024 * 1024

export function makeSite(name = 'workspace'): Site & { remove(): void } {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'planner-exec-site-')))
  const workspace = join(base, name)
  for (const folder of [workspace, join(base, 'home'), join(base, 'tmp')]) mkdirSync(folder)
  const gitIn = (folder: string, ...args: readonly string[]) =>
    execFileSync('git', ['-c', 'protocol.file.allow=always', ...args], {
      cwd: folder,
      env: quietGit(base),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  const git = (...args: readonly string[]) => gitIn(workspace, ...args)
  return {
    base,
    workspace,
    git,
    gitIn,
    put(path, content) {
      mkdirSync(dirname(join(workspace, path)), { recursive: true })
      writeFileSync(join(workspace, path), content)
    },
    commitAll() {
      git('init', '-q', '-b', 'main')
      git('add', '-A')
      git('commit', '-qm', 'All of it')
    },
    remove() {
      rmSync(base, { recursive: true, force: true })
    },
  }
}

function quietGit(home: string): Record<string, string> {
  const person = { name: 'Ada', email: 'ada@example.org' }
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: person.name,
    GIT_AUTHOR_EMAIL: person.email,
    GIT_COMMITTER_NAME: person.name,
    GIT_COMMITTER_EMAIL: person.email,
  }
}

/** Runs the default goal in the site's workspace and compares everything around it before and after. */
export async function analyse(main: string, site: Site, options: AnalyseOptions = {}): Promise<Analysed> {
  const { wrap = [], words = [], restless = [], state } = options
  const out = join(site.base, OUT)
  const own = state ?? join(basename(site.workspace), '.planner-exec')
  const skipped = new Set([OUT, own, ...restless])
  // Making its own folders changes those that hold them, and what is made in a temporary folder must be gone afterwards.
  const touched = new Set([...[...skipped].map((path) => dirname(path)), 'tmp'])
  const before = await listing(site.base, skipped, touched)
  const stated = state === undefined ? [] : ['--state', join(site.base, state)]
  const ended = await run([...wrap, process.execPath, main, 'run', '--out', out, '--non-interactive', ...stated, ...words], site)
  const after = await listing(site.base, skipped, touched)
  const written = readWritten(out)
  const text = written.get('report.json')
  return { ended, report: text === undefined ? null : Report.parse(JSON.parse(text)), written, changes: differences(before, after) }
}

function run(command: readonly string[], { base, workspace }: Site): Promise<Ended> {
  const [file = '', ...args] = command
  const env = { PATH: process.env['PATH'], HOME: join(base, 'home'), TMPDIR: join(base, 'tmp') }
  const child = spawn(file, args, { cwd: workspace, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE_MS, killSignal: 'SIGKILL' })
  const texts = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text))
  return new Promise((resolve, reject) => child.once('error', reject).once('close', (code) => resolve({ code, ...texts })))
}

function readWritten(out: string): Map<string, string> {
  const names = lstatSync(out, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(out).toSorted()
  return new Map(names.map((name) => [name, readFileSync(join(out, name), 'utf8')]))
}

/** Each thing below a folder with all that a careless reader could change of it; names byte by byte, so that no two are one. */
async function listing(base: string, skipped: ReadonlySet<string>, touched: ReadonlySet<string>): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const open: Buffer[] = [Buffer.from('.')]
  for (let relative = open.pop(); relative !== undefined; relative = open.pop()) {
    const name = relative.toString('latin1')
    if (skipped.has(name)) continue
    const path = Buffer.concat([Buffer.from(`${base}/`), relative])
    const stats = lstatSync(path, { bigint: true })
    if (!touched.has(name)) found.set(name, await stateOf(path, stats))
    if (stats.isDirectory()) for (const child of readdirSync(path, { encoding: 'buffer' })) open.push(below(relative, child))
  }
  return found
}

const below = (folder: Buffer, child: Buffer): Buffer => (folder.toString() === '.' ? child : Buffer.concat([folder, Buffer.from('/'), child]))

async function stateOf(path: Buffer, stats: BigIntStats): Promise<string> {
  const content = stats.isSymbolicLink() ? readlinkSync(path, 'latin1') : stats.isFile() ? await hashOf(path, stats) : ''
  // A change that was undone again still shows in `ctime`.
  return [stats.mode, stats.uid, stats.ino, stats.nlink, stats.size, stats.mtimeNs, stats.ctimeNs, content].join(' ')
}

async function hashOf(path: Buffer, { size }: BigIntStats): Promise<string> {
  const hash = createHash('sha1')
  if (size <= SMALL) return hash.update(readFileSync(path)).digest('hex')
  for await (const chunk of createReadStream(path, { highWaterMark: SMALL })) hash.update(chunk)
  return hash.digest('hex')
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names]
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name}: ${before.get(name) ?? 'was not there'} → ${after.get(name) ?? 'is gone'}`)
}

/** What a report says that the workspace contradicts: places that are not there. */
export function untruths({ workspace }: Site, report: Report): string[] {
  return report.findings.flatMap(({ title, file, line }) => {
    if (file === null) return []
    const stats = lstatSync(join(workspace, file), { throwIfNoEntry: false })
    if (stats === undefined || stats.isSymbolicLink()) return [`${title}: ${file} is not there`]
    if (line === null) return []
    const lines = readFileSync(join(workspace, file), 'latin1').split('\n').length
    return line > lines ? [`${title}: ${file} has ${lines} lines, not ${line}`] : []
  })
}

/** How many files the inventory of a report met. */
export function filesMet(report: Report | null): number | null {
  const told = report?.criteria.find(({ criterion }) => criterion.startsWith('files in the output of step inventory'))
  const number = /^It is (\d+)\.$/.exec(told?.evidence ?? '')?.[1]
  return number === undefined ? null : Number(number)
}
