import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { ControllerError } from '../../../errors.ts'
import { defineCapability } from '../define-capability.ts'
import type { ExecutionContext } from '../executor.ts'
import { isWithin, kindOf, segmentsOf, withFolder, type Folder } from '../safe-path.ts'
import { listFolder } from '../workspace-files.ts'
import { count, WorkspacePath } from './arguments.ts'
import { FileType } from './fs.stat.ts'

const Entry = z.strictObject({ path: z.string(), type: FileType, bytes: z.number().int() })
type Entry = z.infer<typeof Entry>

/** Listed, but not entered. */
const CLOSED: ReadonlySet<string> = new Set(['.git', 'node_modules'])

export const fsList = defineCapability({
  name: 'fs.list.v1',
  title: 'List a folder',
  description:
    'Lists a folder of the workspace in name order. With `recursive`, folders below it too, except what is in `.git` and `node_modules`. Links are shown, never followed.',
  args: z.strictObject({
    path: WorkspacePath.default('.').describe('The folder, relative to the workspace; the workspace itself when absent.'),
    recursive: z.boolean().default(false).describe('Whether to list the folders below it too.'),
    maxEntries: count(1, 50_000).default(1000).describe('Most entries to return; 1000 when absent.'),
  }),
  output: z.strictObject({
    path: z.string(),
    entries: z.array(Entry),
    /** Whether there are more entries than `maxEntries`. */
    truncated: z.boolean(),
    /** Folders that could not be read. */
    unreadable: z.array(z.string()),
  }),
  effect: 'read',
  risk: 'low',
  needs: [],
  timeoutMs: 30_000,
  targets: (args) => [{ kind: 'path', access: 'read', path: args.path }],
  async run(args, context) {
    const start = segmentsOf(context, args.path)
    const entries: Entry[] = []
    const unreadable: string[] = []
    const open: (readonly string[])[] = [start]
    for (let folder = open.pop(); folder !== undefined && entries.length <= args.maxEntries; folder = open.pop()) {
      context.meter.use('fsOperations')
      context.heartbeat()
      if (context.signal.aborted) throw new ControllerError('ACTION_ABORTED', 'Listing was stopped.', { cause: context.signal.reason })
      const listed = await list(context, folder).catch((error: unknown) => {
        if (folder === start) throw error
        unreadable.push(folder.join('/'))
        return []
      })
      entries.push(...listed)
      if (args.recursive)
        open.push(
          ...listed
            .filter(isOpen)
            .map((entry) => entry.path.split('/'))
            .reverse(),
        )
    }
    return { path: start.join('/') || '.', entries: entries.slice(0, args.maxEntries), truncated: entries.length > args.maxEntries, unreadable }
  },
})

function isOpen(entry: Entry): boolean {
  return entry.type === 'folder' && !CLOSED.has(entry.path.split('/').at(-1) ?? '')
}

async function list(context: ExecutionContext, folder: readonly string[]): Promise<Entry[]> {
  return withFolder(context, folder, (opened) =>
    listFolder(opened).flatMap((entry) => {
      const segments = [...folder, entry.name]
      return isWithin(context.stateDir, join(context.workspace, ...segments)) ? [] : describe(opened, entry.name, segments.join('/'))
    }),
  )
}

function describe(folder: Folder, name: string, path: string): Entry[] {
  const stats = lstatSync(folder.child(name), { throwIfNoEntry: false })
  // Gone since it was listed.
  if (stats === undefined) return []
  return [{ path, type: kindOf(stats), bytes: stats.size }]
}
