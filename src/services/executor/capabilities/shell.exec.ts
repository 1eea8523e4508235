import { join } from 'node:path'
import * as z from 'zod'
import { defineCapability } from '../define-capability.ts'
import { segmentsOf, withFolder } from '../safe-path.ts'
import { hiddenFiles } from '../sandbox/hidden-files.ts'
import { probeSandbox } from '../sandbox/probe.ts'
import { runSandboxed } from '../sandbox/run-sandboxed.ts'
import { count, WorkspacePath } from './arguments.ts'

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024
/** Linux takes 131 072 bytes in one argument. */
const MAX_ARGV_BYTES = 120_000
const DEFAULT_STDOUT_BYTES = 1024 * 1024
const DEFAULT_STDERR_BYTES = 256 * 1024

/** Variables that change how a program shows things, never what it runs: no PATH, no preloads, no options of interpreters or of git. */
const VARIABLE = /^(CI|DEBUG|FORCE_COLOR|NO_COLOR|COLUMNS|LINES|LANG|LC_[A-Z]{1,32}|NODE_ENV|TERM|TZ|(APP|TEST)_[A-Z0-9_]{1,60})$/

const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0'), 'must not have a NUL character')

export const shellExec = defineCapability({
  name: 'shell.exec.v1',
  title: 'Run a command',
  description:
    'Runs one program with arguments, without a shell, in a sandbox: no network, the system read-only, the workspace writable except what git runs. An exit code other than 0 is an answer, not a failure.',
  args: z.strictObject({
    argv: z
      .array(text(MAX_ARGV_BYTES))
      .min(1)
      .max(256)
      .refine((argv) => argv[0] !== '', 'must start with the name of a program')
      .refine((argv) => Buffer.byteLength(argv.join('')) <= MAX_ARGV_BYTES, `must have at most ${MAX_ARGV_BYTES} bytes in all`)
      .describe('The program and its arguments, each as one string; nothing in them is expanded.'),
    cwd: WorkspacePath.default('.').describe('The folder to run in, relative to the workspace.'),
    env: z
      .record(z.string().regex(VARIABLE, 'not a variable that may be set'), text(4096))
      .default({})
      .describe('Environment variables: CI, DEBUG, NODE_ENV, TZ, LANG, LC_*, colours, sizes, APP_*, TEST_*.'),
    stdin: z.string().max(MAX_OUTPUT_BYTES).optional().describe('What the program reads from its standard input.'),
    maxOutputBytes: count(1, MAX_OUTPUT_BYTES)
      .default(DEFAULT_STDOUT_BYTES)
      .describe('Bytes of standard output to keep, from its start; a quarter of it, at most 256 KiB, of standard error.'),
  }),
  output: z.strictObject({
    exitCode: z.number().int(),
    /** The signal that ended it, told by an exit code of 128 + its number, as shells do. */
    signal: z.number().int().nullable(),
    stdout: z.string(),
    stderr: z.string(),
    stdoutTruncated: z.boolean(),
    stderrTruncated: z.boolean(),
    durationMs: z.number(),
    sandbox: z.literal('bwrap'),
    /** What enforced the limits, beside looking at the processes now and then. */
    limits: z.enum(['cgroup-v2', 'cgroup-v1', 'prlimit', 'sampling']),
  }),
  effect: 'external',
  risk: 'high',
  needs: ['sandbox'],
  timeoutMs: 300_000,
  targets: (args) => [
    { kind: 'command', argv: args.argv },
    { kind: 'path', access: 'read', path: args.cwd },
  ],
  async run(args, context) {
    context.meter.use('fsOperations')
    const { canDisableUserns } = await probeSandbox()
    const segments = segmentsOf(context, args.cwd)
    await withFolder(context, segments, () => undefined)
    const hidden = context.mayRead ? await hiddenFiles(context.workspace, context.mayRead, context.signal) : []
    const end = await runSandboxed({
      ...context,
      hidden,
      argv: args.argv,
      cwd: join(context.workspace, ...segments),
      env: args.env,
      stdin: args.stdin,
      maxStdoutBytes: args.maxOutputBytes,
      maxStderrBytes: Math.min(DEFAULT_STDERR_BYTES, Math.max(1, Math.floor(args.maxOutputBytes / 4))),
      canDisableUserns,
    })
    context.ran?.(end)
    context.meter.use('bytes', Buffer.byteLength(args.stdin ?? '') + end.stdout.bytes.byteLength + end.stderr.bytes.byteLength)
    const exitCode = end.exitCode ?? 128
    return {
      exitCode,
      signal: exitCode > 128 && exitCode <= 128 + 64 ? exitCode - 128 : null,
      stdout: end.stdout.bytes.toString('utf8'),
      stderr: end.stderr.bytes.toString('utf8'),
      stdoutTruncated: end.stdout.truncated,
      stderrTruncated: end.stderr.truncated,
      durationMs: end.durationMs,
      sandbox: 'bwrap' as const,
      limits: end.limitsBackend,
    }
  },
})
