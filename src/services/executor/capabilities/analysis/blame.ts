import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import * as z from 'zod'
import { ControllerError } from '../../../../errors.ts'
import type { ExecutionContext } from '../../executor.ts'
import { type GitContext, readGit, runGit } from '../../git.ts'
import { openRepository } from '../../git-repository.ts'
import { contentKey, openFileCache } from './file-cache.ts'
import { byText } from './finding.ts'
import { readText } from './text-files.ts'

/** Since when a line is as it is: a day in UTC, such as 2023-02-11, or not committed yet. */
type LineAge = string

/** Lines of one file, each from 1. */
export interface BlamedLines {
  readonly file: string
  readonly lines: readonly number[]
}

export interface Ages {
  /** Null: not known. */
  of(file: string, line: number): LineAge | null
  /** What could not be dated, and why; sentences for a person. */
  readonly notExamined: readonly string[]
}

/** Files that are dated at most, unless more are asked for: starting git alone takes 5 ms for each. */
const MAX_FILES = 200
/** Files × commits that git goes through in less than two seconds (measured: 15 to 30 ms for a file in 2,000 commits, two at a time). */
const MAX_WORK = 80_000
const CONCURRENCY = 2
/** The last second of the year 9999; later ones have no such date. */
const LAST_SECOND = 253_402_300_799

/**
 * Since when lines exist, by the author's time of the commit that wrote them. Changes of white space do not make a line new. Without git,
 * a repository or commits nothing is dated, which is told and no error. Of the files those with the most lines are dated; how many decides
 * `maxFiles`, or else the length of the history: it must not depend on how fast this machine is.
 * @throws ControllerError ACTION_ABORTED
 */
export async function datesOf(wanted: readonly BlamedLines[], maxFiles: number | null, context: ExecutionContext): Promise<Ages> {
  if (wanted.length === 0) return { of: () => null, notExamined: [] }
  const obstacle = await obstacleTo(context)
  if (obstacle !== null) return { of: () => null, notExamined: [`how old the markers are: ${obstacle}`] }
  const isShallow = (await readGit(['rev-parse', '--is-shallow-repository'], context)).toString('latin1').trim() === 'true'
  const ordered = [...wanted].sort((a, b) => b.lines.length - a.lines.length || byText(a.file, b.file))
  const dates = new Map<string, LineAge>()
  const unborn: BlamedLines[] = []
  let cut = 0
  const max = maxFiles ?? (await affordable(context))
  const queue = ordered.slice(0, max)
  const blamer = await openBlamer(context)
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const blamed = await blamer.blame(next)
      context.heartbeat()
      if (blamed === 'not in HEAD') unborn.push(next)
      else
        for (const { line, age, isBoundary } of blamed) {
          // Where the history of a shallow clone ends, git shows every older line as written there.
          if (isShallow && isBoundary) cut += 1
          else dates.set(`${next.file}:${line}`, age)
        }
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
  await blamer.save()
  const own = unborn.length === 0 ? new Set<string>() : await ownFiles(context)
  for (const { file, lines } of unborn) if (own.has(file)) for (const line of lines) dates.set(`${file}:${line}`, 'uncommitted')
  const rest = ordered.slice(max)
  return {
    of: (file, line) => dates.get(`${file}:${line}`) ?? null,
    notExamined: [
      ...(rest.length === 0
        ? []
        : [
            `how old the markers of ${rest.length} more ${rest.length === 1 ? 'file' : 'files'} are: only the ${max} with the most are dated (maxDatedFiles)`,
          ]),
      ...(cut === 0 ? [] : [`how old ${cut} ${cut === 1 ? 'marker is' : 'markers are'}: older than what this shallow clone holds`]),
    ],
  }
}

async function affordable(context: GitContext): Promise<number> {
  const commits = Number((await readGit(['rev-list', '--count', 'HEAD'], context)).toString('latin1'))
  return Math.min(MAX_FILES, Math.max(1, Math.floor(MAX_WORK / Math.max(1, commits))))
}

async function obstacleTo(context: GitContext): Promise<string | null> {
  try {
    if (!(await openRepository(context)).hasCommits) return 'there is no commit yet'
    return (await canIgnoreRevisions(context))
      ? null
      : 'the repository configures a file of commits to ignore that is not there (blame.ignoreRevsFile)'
  } catch (error) {
    if (error instanceof ControllerError && error.code !== 'ACTION_ABORTED') return `there is no history to look at (${error.message})`
    throw error
  }
}

/** Git opens the files of commits to ignore even when told to forget them: it fails where one is missing, and would wait at a pipe. */
async function canIgnoreRevisions(context: GitContext): Promise<boolean> {
  const configured = await runGit(['config', '--path', '-z', '--get-all', 'blame.ignoreRevsFile'], context)
  const paths = configured.stdout.bytes.toString('utf8').split('\0').filter(Boolean)
  if (paths.length === 0) return true
  const top = (await readGit(['rev-parse', '--show-toplevel'], context)).toString('utf8').replace(/\n$/, '')
  return paths.every((path) => isRegularFile(resolve(top, path)))
}

function isRegularFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** What git knows or would add: whatever else is not in HEAD belongs to another repository inside this one. */
async function ownFiles(context: GitContext): Promise<ReadonlySet<string>> {
  const listed = await readGit(['ls-files', '-z', '--cached', '--others', '--exclude-standard'], context)
  return new Set(listed.toString('utf8').split('\0'))
}

const BlamedLine = z.strictObject({ line: z.number().int(), age: z.string(), isBoundary: z.boolean() })
type BlamedLine = z.infer<typeof BlamedLine>
const Blamed = z.union([z.array(BlamedLine), z.literal('not in HEAD')])
type Blamed = z.infer<typeof Blamed>

/** Asks git, unless it was asked the same of the same commit and the same text. */
async function openBlamer(context: ExecutionContext): Promise<{ blame(wanted: BlamedLines): Promise<Blamed>; save(): Promise<void> }> {
  const cache = await openFileCache(context, { name: 'blame', version: 1, facts: Blamed })
  const head = (await readGit(['rev-parse', 'HEAD'], context)).toString('latin1').trim()
  return {
    save: () => cache.save(),
    async blame(wanted) {
      const text = (await readText(context, wanted.file)) ?? ''
      const key = contentKey(text, JSON.stringify([head, context.workspace, wanted.file, wanted.lines]))
      const known = cache.get(key)
      if (known !== undefined) return known
      const blamed = await blame(wanted, context)
      cache.set(key, blamed)
      return blamed
    },
  }
}

/** A file that changed meanwhile, or that git cannot blame, has no dates. */
async function blame({ file, lines }: BlamedLines, context: GitContext): Promise<Blamed> {
  const ranges = lines.flatMap((line) => ['-L', `${line},${line}`])
  // The empty name drops the file of commits to ignore that the repository configures: it could hide who wrote a line, and when.
  const args = ['blame', '--porcelain', '-w', '--no-textconv', '--ignore-revs-file=', ...ranges, '--', file]
  const end = await runGit(args, context)
  if (end.exitCode === 0) return parseBlame(end.stdout.bytes)
  return end.stderr.bytes.toString('utf8').includes('no such path') ? 'not in HEAD' : []
}

/** Reads `git blame --porcelain`; what a commit says of itself comes with the first of its lines only. Pure. */
export function parseBlame(output: Buffer): BlamedLine[] {
  const commits = new Map<string, { time: number; isBoundary: boolean }>()
  const lines: { line: number; hash: string }[] = []
  let current = ''
  for (const text of output.toString('latin1').split('\n')) {
    const [, hash, line] = /^([0-9a-f]{40,64}) \d+ (\d+)(?: \d+)?$/.exec(text) ?? []
    if (hash !== undefined) {
      current = hash
      lines.push({ line: Number(line), hash })
      if (!commits.has(hash)) commits.set(hash, { time: Number.NaN, isBoundary: false })
      continue
    }
    const commit = commits.get(current)
    const time = /^author-time (\d{1,12})$/.exec(text)?.[1]
    if (commit !== undefined && time !== undefined) commit.time = Number(time)
    if (commit !== undefined && text === 'boundary') commit.isBoundary = true
  }
  return lines.flatMap(({ line, hash }) => {
    const { time = Number.NaN, isBoundary = false } = commits.get(hash) ?? {}
    const age = /^0+$/.test(hash) ? 'uncommitted' : time <= LAST_SECOND ? new Date(time * 1_000).toISOString().slice(0, 10) : null
    return age === null ? [] : [{ line, age, isBoundary }]
  })
}
