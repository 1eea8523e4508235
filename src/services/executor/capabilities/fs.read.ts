import * as z from 'zod'
import { ControllerError } from '../../../errors.ts'
import { defineCapability } from '../define-capability.ts'
import { decodeUtf8, hashBytes } from '../file-content.ts'
import { segmentsOf, withFile } from '../safe-path.ts'
import { readOpenFile } from '../workspace-files.ts'
import { count, WorkspacePath } from './arguments.ts'

const MAX_BYTES = 16 * 1024 * 1024
/** Larger files are read as far as asked for and get no digest. */
const MAX_HASHED_BYTES = 64 * 1024 * 1024

export const fsRead = defineCapability({
  name: 'fs.read.v1',
  title: 'Read a file',
  description: 'Reads a regular file of the workspace, whole or from one line to another.',
  args: z
    .strictObject({
      path: WorkspacePath.describe('The file, relative to the workspace.'),
      maxBytes: count(1, MAX_BYTES)
        .default(1024 * 1024)
        .describe('Longest content to return, in bytes; 1 MiB when absent.'),
      encoding: z.enum(['utf8', 'base64']).default('utf8').describe('How to return the content; `base64` for what is not text.'),
      fromLine: count(1, 10_000_000).optional().describe('First line to return, counted from 1.'),
      toLine: count(1, 10_000_000).optional().describe('Last line to return, itself included.'),
    })
    .refine((args) => args.fromLine === undefined || args.toLine === undefined || args.fromLine <= args.toLine, {
      path: ['toLine'],
      message: 'must not be before fromLine',
    })
    .refine((args) => args.encoding === 'utf8' || (args.fromLine ?? args.toLine) === undefined, {
      path: ['encoding'],
      message: 'must be utf8 when lines are chosen',
    }),
  output: z.strictObject({
    path: z.string(),
    /** The content, with `encoding: utf8`. */
    text: z.string().optional(),
    /** The content, with `encoding: base64`. */
    base64: z.string().optional(),
    /** Size of the whole file. */
    bytes: z.number().int(),
    /** Of the whole file; null for files above 64 MiB. */
    sha256: z.string().nullable(),
    /** Whether the file has more than what is returned for lack of `maxBytes`. */
    truncated: z.boolean(),
    /** Lines returned, the last one with or without its newline; 0 for base64. */
    lines: z.number().int(),
  }),
  effect: 'read',
  risk: 'low',
  needs: [],
  timeoutMs: 30_000,
  targets: (args) => [{ kind: 'path', access: 'read', path: args.path }],
  async run(args, context) {
    context.meter.use('fsOperations')
    const segments = segmentsOf(context, args.path)
    const file = await withFile(context, segments, (fd, stats) => readOpenFile(fd, stats.size > MAX_HASHED_BYTES ? reach(args) : MAX_HASHED_BYTES))
    context.meter.use('bytes', file.bytes.byteLength)
    const path = segments.join('/')
    const common = { path, bytes: file.size, sha256: file.truncated ? null : hashBytes(file.bytes) }
    if (args.encoding === 'base64') {
      const part = file.bytes.subarray(0, args.maxBytes)
      return { ...common, base64: part.toString('base64'), truncated: part.byteLength < file.size, lines: 0 }
    }
    const [start, end] = lineRange(file.bytes, args.fromLine ?? 1, args.toLine ?? Number.POSITIVE_INFINITY)
    const cut = end - start > args.maxBytes || (file.truncated && end === file.bytes.byteLength)
    const text = decodeUtf8(file.bytes.subarray(start, Math.min(end, start + args.maxBytes)), cut)
    if (text === null) throw new ControllerError('ACTION_FAILED', `${path} is not UTF-8 text.`, { hint: 'Read it with `encoding: base64`.' })
    return { ...common, text, truncated: cut, lines: countLines(text) }
  },
})

/** How far a file that is too large to be read whole is read: lines may lie deep in it. */
function reach(args: { readonly maxBytes: number; readonly fromLine?: number | undefined }): number {
  return args.fromLine === undefined ? args.maxBytes : MAX_HASHED_BYTES
}

function lineRange(bytes: Buffer, from: number, to: number): readonly [number, number] {
  const start = offsetOfLine(bytes, 0, from - 1)
  return [start, offsetOfLine(bytes, start, to - from + 1)]
}

/** Where the line begins that is `lines` lines after `offset`. */
function offsetOfLine(bytes: Buffer, offset: number, lines: number): number {
  let at = offset
  for (let skipped = 0; skipped < lines; skipped += 1) {
    const newline = bytes.indexOf(0x0a, at)
    if (newline === -1) return bytes.byteLength
    at = newline + 1
  }
  return at
}

function countLines(text: string): number {
  const newlines = text.split('\n').length - 1
  return text === '' || text.endsWith('\n') ? newlines : newlines + 1
}
