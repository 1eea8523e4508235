import * as z from 'zod'
import { ControllerError } from '../../../errors.ts'
import { sha256 } from '../../../model/digest.ts'
import { writeAtomically } from '../atomic-write.ts'
import { defineCapability } from '../define-capability.ts'
import type { ExecutionContext } from '../executor.ts'
import { hashBytes, hashOpenFile } from '../file-content.ts'
import { segmentsOf, withFile } from '../safe-path.ts'
import { Sha256, WorkspacePath } from './arguments.ts'

const MAX_CHARACTERS = 16 * 1024 * 1024

export const fsWrite = defineCapability({
  name: 'fs.write.v1',
  title: 'Write a file',
  description: "Replaces a whole file of the workspace, or creates it, in one step: nobody ever sees half of it. Git's own folder is not written to.",
  args: z.strictObject({
    path: WorkspacePath.describe('The file, relative to the workspace.'),
    content: z
      .string()
      .max(MAX_CHARACTERS)
      .refine((text) => !/\p{Surrogate}/u.test(text), 'must be well-formed Unicode')
      .describe('The whole new content, written as UTF-8.'),
    createDirs: z.boolean().default(false).describe('Whether to create the folders on the way that do not exist.'),
    ifSha256: Sha256.nullable().optional().describe('Write only if the file has this digest now; null: only if it does not exist.'),
    mode: z.enum(['600', '644', '700', '755']).optional().describe('Permission bits; those of the file that is replaced when absent.'),
  }),
  output: z.strictObject({
    path: z.string(),
    bytes: z.number().int(),
    sha256: z.string(),
    created: z.boolean(),
    /** Digest of what was replaced; null when there was nothing. */
    previousSha256: z.string().nullable(),
  }),
  effect: 'write',
  risk: 'medium',
  needs: [],
  timeoutMs: 30_000,
  targets: (args) => [{ kind: 'path', access: 'write', path: args.path }],
  async run(args, context) {
    const segments = writableSegments(context, args.path)
    context.meter.use('fsOperations')
    const bytes = Buffer.from(args.content, 'utf8')
    context.meter.use('bytes', bytes.byteLength)
    const written = await writeAtomically(context, {
      segments,
      bytes,
      createDirs: args.createDirs,
      ifSha256: args.ifSha256,
      mode: args.mode === undefined ? undefined : Number.parseInt(args.mode, 8),
      attemptKey: sha256(`${context.idempotencyKey}\0${segments.join('/')}`).slice(0, 24),
      signal: context.signal,
    })
    return { path: segments.join('/'), bytes: bytes.byteLength, sha256: hashBytes(bytes), ...written }
  },
  async reconcile(args, context) {
    const segments = writableSegments(context, args.path)
    const wanted = hashBytes(Buffer.from(args.content, 'utf8'))
    try {
      const found = await withFile(context, segments, (fd) => hashOpenFile(fd, context.signal))
      return found === wanted ? 'happened' : 'did-not'
    } catch (error) {
      return isAbsent(error) ? 'did-not' : 'unknown'
    }
  },
})

/** What git runs on its own, such as hooks, lies in `.git`; a file there would be run outside of every sandbox. */
function writableSegments(context: ExecutionContext, path: string): readonly string[] {
  const segments = segmentsOf(context, path)
  // On file systems that ignore case `.GIT` is the same folder.
  if (segments.some((segment) => segment.toLowerCase() === '.git')) {
    throw new ControllerError('PATH_DENIED', `${path} lies in git's own folder.`, { hint: 'Let git change it, with `shell.exec.v1`.' })
  }
  return segments
}

function isAbsent(error: unknown): boolean {
  const cause = error instanceof ControllerError ? error.cause : error
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
}
