import { posix } from 'node:path'
import type { ExecutionContext } from '../../../executor.ts'
import { parseJson } from '../json-text.ts'
import { readText } from '../text-files.ts'

/** A package.json of the workspace that has a name. */
export interface WorkspacePackage {
  readonly name: string
  /** Relative to the workspace; `.` for its root. */
  readonly folder: string
  readonly manifest: Readonly<Record<string, unknown>>
}

const MAX_PACKAGES = 2_000
/** What npm takes for a name, or took once; it becomes a part of paths. */
const NAME = /^(?:@[\w.~-]+\/)?[\w~-][\w.~-]*$/

/** The packages among the files of a workspace, in path order; of two with one name the first. */
export async function readPackages(paths: readonly string[], context: ExecutionContext): Promise<readonly WorkspacePackage[]> {
  const found = new Map<string, WorkspacePackage>()
  for (const path of paths.filter((each) => posix.basename(each) === 'package.json').slice(0, MAX_PACKAGES)) {
    const parsed = parseJson((await readText(context, path)) ?? '')
    const name = parsed.ok ? parsed.value['name'] : undefined
    if (!parsed.ok || typeof name !== 'string' || !NAME.test(name) || found.has(name)) continue
    found.set(name, { name, folder: posix.dirname(path), manifest: parsed.value })
  }
  return [...found.values()]
}
