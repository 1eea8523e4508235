import * as z from 'zod'
import { ControllerError } from '../../../../../errors.ts'
import { packagePath } from '../../../../../package-path.ts'
import type { ExecutionContext } from '../../../executor.ts'
import { runProcess, trustedPath, type ProcessEnd, type ProcessSpec } from '../../../process.ts'
import type { ControlGroup } from '../../../sandbox/cgroup.ts'
import { withLimits } from '../../../sandbox/limits.ts'
import type { ReaderTask } from './source-facts.ts'

type Task = Extract<ReaderTask, { task: 'parse' }> | Extract<ReaderTask, { task: 'resolve' }>

/** What a process may take to start and answer on a busy machine, and for each megabyte of its task: it needs a fifth of a second. */
const PATIENCE_MS = 8_000
const PATIENCE_PER_MB_MS = 4_000
/** So many files of one task may be too much for it; a tree with more of them is hostile. One that it hangs at is enough. */
const MAX_CRASHES = 20
const MB = 1024 * 1024
const MAX_ANSWER_BYTES = 128 * 1024 * 1024
const MEMORY_MB = 256

/**
 * Has the reader do a task. A file that it crashes at is answered with null, and it is started anew behind it; after too many of these, or
 * when it hangs, the rest is answered with null, too.
 * @throws ControllerError ACTION_FAILED when it does not work at all, ACTION_ABORTED
 */
export async function runReader<Answer>(task: Task, schema: z.ZodType<Answer>, context: ExecutionContext): Promise<readonly (Answer | null)[]> {
  const answers: (Answer | null)[] = []
  for (let crashes = 0, hangs = false; answers.length < task.files.length && crashes <= MAX_CRASHES && !hangs; crashes += 1) {
    const rest = { ...task, files: task.files.slice(answers.length) }
    const end = await readOnce(JSON.stringify(rest), context)
    if (answers.length === 0 && end.said.includes('ERR_MODULE_NOT_FOUND')) throw notInstalled(end.said)
    for (const line of end.lines) answers.push(schema.parse(JSON.parse(line)))
    if (answers.length < task.files.length) answers.push(null)
    hangs = end.hangs
    context.heartbeat()
  }
  return [...answers, ...Array.from({ length: task.files.length - answers.length }, () => null)]
}

interface End {
  readonly lines: readonly string[]
  readonly said: string
  readonly hangs: boolean
}

async function readOnce(input: string, context: ExecutionContext): Promise<End> {
  const patience = AbortSignal.timeout(PATIENCE_MS + Math.ceil(input.length / MB) * PATIENCE_PER_MB_MS)
  const node = [`--max-old-space-size=${MEMORY_MB}`, packagePath('dist/source-reader.js')]
  // Configurations may lead the resolver to a device without an end: what native code allocates, V8 does not limit.
  const { file, args, group } = await withLimits(process.execPath, node, context.limits, context.workspace)
  const reader: ProcessSpec = {
    file,
    args,
    cwd: '/',
    env: { PATH: trustedPath(context.workspace) },
    stdin: input,
    maxStdoutBytes: MAX_ANSWER_BYTES,
    maxStderrBytes: 64 * 1024,
    signal: AbortSignal.any([context.signal, patience]),
    onOutput: context.heartbeat,
  }
  const end = await runAndRemove(reader, group)
  if (context.signal.aborted) throw new ControllerError('ACTION_ABORTED', 'The analysis was stopped.', { cause: context.signal.reason })
  const written = end.stdout.bytes.toString('utf8')
  // What follows the last line end is a line that was cut short.
  return { lines: written.split('\n').slice(0, -1), said: end.stderr.bytes.toString('utf8'), hangs: patience.aborted }
}

async function runAndRemove(reader: ProcessSpec, group: ControlGroup | null): Promise<ProcessEnd> {
  try {
    return await runProcess(reader)
  } finally {
    await group?.remove()
  }
}

function notInstalled(said: string): ControllerError {
  return new ControllerError('ACTION_FAILED', `The parser for TypeScript and JavaScript cannot be loaded: ${said.trim().slice(0, 500)}`, {
    hint: 'Install the package again with its optional dependencies, which hold the parser for this platform.',
  })
}
