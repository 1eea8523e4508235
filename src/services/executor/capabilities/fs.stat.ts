import { lstatSync } from 'node:fs'
import * as z from 'zod'
import { defineCapability } from '../define-capability.ts'
import { kindOf, segmentsOf, withFolder } from '../safe-path.ts'
import { fromSystemError } from '../system-error.ts'
import { WorkspacePath } from './arguments.ts'

export const FileType = z.enum(['file', 'folder', 'link', 'fifo', 'socket', 'device'])

export const fsStat = defineCapability({
  name: 'fs.stat.v1',
  title: 'Look at a file',
  description:
    'Tells what is at a path of the workspace, without opening it and without following a link. Nothing there is an answer, not a failure.',
  args: z.strictObject({ path: WorkspacePath.describe('The path, relative to the workspace.') }),
  output: z.strictObject({
    path: z.string(),
    exists: z.boolean(),
    type: FileType.nullable(),
    bytes: z.number().int().nullable(),
    /** ISO 8601, in UTC. */
    modifiedAt: z.string().nullable(),
    /** Permission bits in octal, such as `644`. */
    mode: z.string().nullable(),
  }),
  effect: 'read',
  risk: 'low',
  needs: [],
  timeoutMs: 10_000,
  targets: (args) => [{ kind: 'path', access: 'read', path: args.path }],
  async run(args, context) {
    context.meter.use('fsOperations')
    const segments = segmentsOf(context, args.path)
    const path = segments.join('/') || '.'
    const parents = segments.slice(0, -1)
    const name = segments.at(-1) ?? '.'
    const stats = await lookUp(() => withFolder(context, parents, (folder) => lstatSync(folder.child(name))), path)
    if (stats === null) return { path, exists: false, type: null, bytes: null, modifiedAt: null, mode: null }
    return {
      path,
      exists: true,
      type: kindOf(stats),
      bytes: stats.size,
      modifiedAt: stats.mtime.toISOString(),
      mode: (stats.mode & 0o777).toString(8),
    }
  },
})

async function lookUp<T>(look: () => Promise<T>, path: string): Promise<T | null> {
  try {
    return await look()
  } catch (error) {
    if (isAbsence(error)) return null
    throw fromSystemError(error, path)
  }
}

/** Whether an error says that a path, or a folder on the way to it, is not there. */
function isAbsence(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && cause.code === 'ENOENT') return true
  }
  return false
}
