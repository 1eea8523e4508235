import type { ExecutionContext } from '../../../executor.ts'
import { below } from '../finding.ts'
import { readText } from '../text-files.ts'
import type { Lock, ReadLock } from './lock.ts'
import { folderOf } from './manifests.ts'
import { readNpmLock } from './npm-lock.ts'
import { readPnpmLock } from './pnpm-lock.ts'
import { readYarnLock } from './yarn-lock.ts'

const MANAGERS: Readonly<Record<string, string>> = {
  'package-lock.json': 'npm',
  'npm-shrinkwrap.json': 'npm',
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
}
const READERS: Readonly<Record<string, (path: string, text: string) => ReadLock | Promise<ReadLock>>> = {
  'package-lock.json': readNpmLock,
  'npm-shrinkwrap.json': readNpmLock,
  'pnpm-lock.yaml': readPnpmLock,
  'yarn.lock': readYarnLock,
}

export interface Locks {
  readonly locks: readonly Lock[]
  /** Every lockfile, also those that were not read, with its manager. */
  readonly present: readonly { readonly path: string; readonly folder: string; readonly manager: string }[]
  readonly notExamined: readonly string[]
}

/** The lockfiles that lie beside one of these manifests. */
export async function readLocks(files: readonly string[], folders: ReadonlySet<string>, context: ExecutionContext): Promise<Locks> {
  const present = files.flatMap((path) => {
    const manager = MANAGERS[nameOf(path)]
    return manager !== undefined && folders.has(folderOf(path)) ? [{ path, folder: folderOf(path), manager }] : []
  })
  const paths = new Set(present.map(({ path }) => path))
  const locks: Lock[] = []
  const notExamined: string[] = []
  for (const { path } of present) {
    const read = await readLock(path, context)
    if (read.ok) locks.push(read.lock)
    else notExamined.push(`what ${path} pins: ${read.problem}`)
    context.heartbeat()
  }
  return { locks: locks.filter(({ path }) => !isShadowed(path, paths)), present, notExamined }
}

/** npm ignores a package-lock.json beside an npm-shrinkwrap.json. */
function isShadowed(path: string, paths: ReadonlySet<string>): boolean {
  return nameOf(path) === 'package-lock.json' && paths.has(below(folderOf(path), 'npm-shrinkwrap.json'))
}

async function readLock(path: string, context: ExecutionContext): Promise<ReadLock> {
  const reader = READERS[nameOf(path)]
  if (reader === undefined) return { ok: false, problem: 'lockfiles of bun are not read' }
  const text = await readText(context, path)
  return text === null ? { ok: false, problem: 'it cannot be read, or is larger than 5 MiB' } : reader(path, text)
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
