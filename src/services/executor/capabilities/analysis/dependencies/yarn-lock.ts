import { linesOf } from '../text-files.ts'
import type { Pinned, ReadLock } from './lock.ts'
import { type Declaration, folderOf } from './manifests.ts'

interface Block {
  readonly line: number
  version: string | null
}

/** Reads yarn.lock, of classic yarn and of yarn 2 and later: which requests it answers, and with which version. */
export function readYarnLock(path: string, text: string): ReadLock {
  const lines = linesOf(text)
  const isBerry = lines.some((line) => line === '__metadata:')
  if (!isBerry && !lines.slice(0, 5).some((line) => line.includes('yarn lockfile v1'))) return { ok: false, problem: 'it is of no known version' }
  const blocks = blocksOf(lines)
  const folder = folderOf(path)
  // A package of the repository itself answers requests that are in no lockfile.
  const own = [...blocks.keys()].flatMap((request) => {
    const at = request.indexOf('@workspace:')
    return at > 0 ? [{ name: request.slice(0, at), folder: request.slice(at + '@workspace:'.length) }] : []
  })
  const ownNames = new Set(own.map(({ name }) => name))
  const ownFolders = new Set(own.map((member) => member.folder))
  return {
    ok: true,
    lock: {
      path,
      folder,
      manager: 'yarn',
      format: isBerry ? 'lockfile of yarn 2 or later' : 'lockfile of yarn 1',
      tells: { members: isBerry, engines: false, licences: false, deprecated: false },
      packages: new Map(),
      overridden: new Set(),
      // Classic yarn does not tell whose requests it answers, but those beside it are among them.
      covers: (manifestFolder) => manifestFolder === folder || (isBerry && ownFolders.has(relativeTo(folder, manifestFolder))),
      pinned: (_, declaration) => (ownNames.has(declaration.name) ? 'unknown' : pinnedIn(blocks, declaration, isBerry)),
    },
  }
}

/** By request: `name@range`. */
function blocksOf(lines: readonly string[]): Map<string, Block> {
  const blocks = new Map<string, Block>()
  let current: Block | null = null
  for (const [index, line] of lines.entries()) {
    if (line === '' || line.startsWith('#')) continue
    if (!line.startsWith(' ')) {
      current = { line: index + 1, version: null }
      for (const request of requestsIn(line)) blocks.set(request, current)
    } else if (current !== null && current.version === null) {
      current.version = /^ {2}version:? "?([^"\s]+)"?$/.exec(line)?.[1] ?? null
    }
  }
  return blocks
}

/** `"@a/b@^1", "@a/b@^1.2":` and `"a@npm:^1, a@npm:^2":` */
function requestsIn(line: string): string[] {
  return line
    .replace(/:\s*$/, '')
    .replaceAll('"', '')
    .split(', ')
    .map((request) => request.trim())
}

function pinnedIn(blocks: ReadonlyMap<string, Block>, { name, range }: Declaration, isBerry: boolean): Pinned | 'unknown' | null {
  if (!/^(?:npm:|[\d^~<>=*xXv])/.test(range)) return 'unknown'
  const requests = isBerry && !range.startsWith('npm:') ? [`${name}@npm:${range}`, `${name}@${range}`] : [`${name}@${range}`]
  const block = requests.map((request) => blocks.get(request)).find((found) => found !== undefined)
  if (block === undefined) return null
  return { declared: range, version: block.version, id: null, line: block.line }
}

function relativeTo(folder: string, path: string): string {
  return folder === '' ? path : path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path
}
