import picomatch from 'picomatch'
import * as z from 'zod'
import { defineCapability } from '../define-capability.ts'
import { isBinary } from '../file-content.ts'
import { treeCounter } from '../meter.ts'
import { segmentsOf } from '../safe-path.ts'
import { readWorkspaceFile, walkFiles, type WalkedFile } from '../workspace-files.ts'
import { count, WorkspacePath } from './arguments.ts'

const Match = z.strictObject({ file: z.string(), line: z.number().int(), text: z.string() })
type Match = z.infer<typeof Match>

const MAX_FILE_BYTES = 8 * 1024 * 1024
const MAX_LINE_CHARACTERS = 500

/**
 * Files that usually hold secrets: a search over a folder must not show what reading them by name could be denied for. At least those that
 * the shipped policies deny.
 */
const SECRET_FILES = [
  '**/.env*',
  '**/*.{pem,key,p12,pfx,jks,keystore}',
  '**/id_{rsa,dsa,ecdsa,ed25519}*',
  '**/.{ssh,gnupg,aws,kube}/**',
  '**/.docker/config.json',
  '**/.{netrc,npmrc,pypirc,git-credentials}',
]
const GLOB_OPTIONS = { dot: true, nonegate: true, noextglob: true } as const

export const fsSearch = defineCapability({
  name: 'fs.search.v1',
  title: 'Search in files',
  description:
    'Finds the lines of text files that contain a literal text. Leaves out what git ignores, binary files, and files that usually hold secrets.',
  args: z.strictObject({
    pattern: z
      .string()
      .min(1)
      .max(1000)
      .refine((text) => !/[\r\n]/.test(text), 'must be a part of one line')
      .describe('The text to find, literally; not a regular expression.'),
    path: WorkspacePath.default('.').describe('The folder or file to search, relative to the workspace.'),
    glob: z.string().min(1).max(500).optional().describe('Only files whose path from the workspace matches, such as `src/**/*.ts`.'),
    ignoreCase: z.boolean().default(false).describe('Whether upper and lower case are the same.'),
    maxMatches: count(1, 10_000).default(200).describe('Most matches to return; 200 when absent.'),
  }),
  output: z.strictObject({
    matches: z.array(Match),
    filesSearched: z.number().int(),
    /** Whether the search ended early because of `maxMatches`. */
    truncated: z.boolean(),
    skipped: z.strictObject({
      binary: z.number().int(),
      /** Above 8 MiB. */
      large: z.number().int(),
      secret: z.number().int(),
      unreadable: z.number().int(),
    }),
  }),
  effect: 'read',
  risk: 'low',
  needs: [],
  timeoutMs: 60_000,
  targets: (args) => [{ kind: 'path', access: 'read', path: args.path }],
  async run(args, context) {
    const isWanted = args.glob === undefined ? () => true : picomatch(args.glob, GLOB_OPTIONS)
    const isSecret = picomatch(SECRET_FILES, { ...GLOB_OPTIONS, nocase: true })
    const countFile = treeCounter(context.meter)
    const find = finder(args.pattern, args.ignoreCase)
    const skipped = { binary: 0, large: 0, secret: 0, unreadable: 0 }
    const matches: Match[] = []
    let filesSearched = 0
    const path = segmentsOf(context, args.path).join('/') || '.'
    for await (const file of walkFiles(context.workspace, { stateDir: context.stateDir, path, signal: context.signal })) {
      if (!isWanted(file.path)) continue
      context.heartbeat()
      countFile()
      // A file that was named is what was asked for, and judged.
      const content =
        file.path !== path && (isSecret(file.path) || context.mayRead?.(file.path) === false)
          ? 'secret'
          : await readText(context.workspace, context.stateDir, file)
      if (!Buffer.isBuffer(content)) {
        skipped[content] += 1
        continue
      }
      context.meter.use('bytes', content.byteLength)
      filesSearched += 1
      for (const match of find(content)) matches.push({ file: file.path, ...match })
      if (matches.length > args.maxMatches) break
    }
    return { matches: matches.slice(0, args.maxMatches), filesSearched, truncated: matches.length > args.maxMatches, skipped }
  },
})

async function readText(workspace: string, stateDir: string, file: WalkedFile): Promise<Buffer | 'binary' | 'large' | 'unreadable'> {
  if (file.bytes > MAX_FILE_BYTES) return 'large'
  try {
    const { bytes, truncated } = await readWorkspaceFile(workspace, file.path, { maxBytes: MAX_FILE_BYTES, stateDir })
    if (truncated) return 'large'
    return isBinary(bytes) ? 'binary' : bytes
  } catch {
    // Gone, replaced or forbidden since it was listed; the count tells.
    return 'unreadable'
  }
}

function finder(pattern: string, ignoreCase: boolean): (content: Buffer) => Generator<Omit<Match, 'file'>> {
  const fold = ignoreCase ? (text: string) => text.toLowerCase() : (text: string) => text
  const wanted = fold(pattern)
  return function* (content) {
    const text = content.toString('utf8')
    if (!fold(text).includes(wanted)) return
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      if (fold(line).includes(wanted))
        yield { line: index + 1, text: line.length > MAX_LINE_CHARACTERS ? `${line.slice(0, MAX_LINE_CHARACTERS)}…` : line }
    }
  }
}
