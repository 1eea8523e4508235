import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import { ControllerError } from '../../../../errors.ts'
import type { ExecutionContext } from '../../executor.ts'
import { runProcess, trustedPath } from '../../process.ts'

const Span = z.object({ offset: z.number().int().min(0), length: z.number().int().min(0), line: z.number().int().min(1) })

/** What oxlint says of one place; positions are bytes. */
export const Diagnostic = z.object({
  message: z.string(),
  /** Plugin and rule, such as `eslint(no-debugger)`; absent: the file cannot be parsed. */
  code: z.string().optional(),
  url: z.string().optional(),
  help: z.string().optional(),
  filename: z.string(),
  labels: z.array(z.object({ span: Span })),
})
export type Diagnostic = z.infer<typeof Diagnostic>
const Answer = z.object({ diagnostics: z.array(Diagnostic) })

/**
 * Code that is wrong or useless, by rules that need nothing but the file: the configuration of the workspace could load plugins, which are
 * programs. What is a matter of taste in real code is off, and so are parameters and caught errors that are not used: others decide that
 * they are there.
 */
const CONFIG = {
  plugins: ['typescript', 'oxc'],
  categories: { correctness: 'warn' },
  rules: {
    'eslint/no-unused-vars': ['warn', { args: 'none', caughtErrors: 'none', ignoreRestSiblings: true, varsIgnorePattern: '^_' }],
    'eslint/no-unused-expressions': 'off',
    'eslint/no-control-regex': 'off',
    'eslint/no-useless-escape': 'off',
    'eslint/no-useless-rename': 'off',
    // It takes `a = !b || c` for a comparison.
    'oxc/const-comparisons': 'off',
    'eslint/no-unassigned-vars': 'off',
    'typescript/no-this-alias': 'off',
    'typescript/no-useless-empty-export': 'off',
    'typescript/triple-slash-reference': 'off',
  },
}

/** Bytes of file names given to one process; systems take a megabyte and more. */
const MAX_NAMES = 400_000
const MAX_OUTPUT = 64 * 1024 * 1024

/** Where the program of this installation is; null when it was installed without. What the workspace installed is never looked at. */
export function findOxlint(): string | null {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('oxlint/package.json')), 'bin', 'oxlint')
  } catch {
    return null
  }
}

/** The version of a program that was found, or of a program put in its place what tells one from another: its path. */
export function versionOf(program: string): string {
  try {
    return String(createRequire(program)('../package.json').version)
  } catch {
    return program
  }
}

/**
 * Runs oxlint over files of the workspace with our own configuration and environment.
 * @throws ControllerError ACTION_FAILED when it says nothing that can be read, RESOURCE_LIMIT, ACTION_ABORTED
 */
export async function runOxlint(program: string, files: readonly string[], context: ExecutionContext): Promise<Diagnostic[]> {
  const folder = await mkdtemp(join(tmpdir(), 'planner-exec-oxlint-'))
  try {
    const config = join(folder, 'oxlint.json')
    await writeFile(config, JSON.stringify(CONFIG))
    const found: Diagnostic[] = []
    for (const group of groupsOf(files)) found.push(...(await lint(program, config, group, context)))
    return found
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function groupsOf(files: readonly string[]): string[][] {
  const groups: string[][] = []
  let room = 0
  for (const file of files) {
    const bytes = Buffer.byteLength(file) + 16
    if (room < bytes) {
      groups.push([])
      room = MAX_NAMES
    }
    groups.at(-1)?.push(file)
    room -= bytes
  }
  return groups
}

async function lint(program: string, config: string, files: readonly string[], context: ExecutionContext): Promise<Diagnostic[]> {
  const end = await runProcess({
    file: process.execPath,
    // Behind `./` no name is an option.
    args: [program, '--config', config, '--disable-nested-config', '--format', 'json', ...files.map((file) => `./${file}`)],
    cwd: context.workspace,
    env: { PATH: trustedPath(context.workspace), HOME: '/nonexistent', LC_ALL: 'C.UTF-8', NO_COLOR: '1' },
    maxStdoutBytes: MAX_OUTPUT,
    maxStderrBytes: 4_096,
    signal: context.signal,
    onOutput: context.heartbeat,
  })
  if (context.signal.aborted) throw new ControllerError('ACTION_ABORTED', 'oxlint was stopped.', { cause: context.signal.reason })
  if (end.stdout.truncated)
    throw new ControllerError('RESOURCE_LIMIT', `oxlint wrote more than ${MAX_OUTPUT} bytes.`, { hint: 'Look at a smaller path.' })
  const answer = readAnswer(end.stdout.bytes.toString('utf8'))
  if (answer !== null) return answer
  const said = end.stderr.bytes.toString('utf8').trim()
  throw new ControllerError('ACTION_FAILED', `oxlint ended with ${end.exitCode ?? end.signal} and no result: ${said || 'it said nothing'}`, {
    hint: 'Install another version: `npm install oxlint`.',
  })
}

/** The JSON behind what else oxlint may have to say; null when there is none. */
function readAnswer(text: string): Diagnostic[] | null {
  try {
    const answer = Answer.safeParse(JSON.parse(text.slice(text.indexOf('{'))))
    return answer.success ? answer.data.diagnostics : null
  } catch {
    return null
  }
}
