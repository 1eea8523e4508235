import * as z from 'zod'
import type { Target } from '../../../../model/action.ts'
import { defineCapability } from '../../define-capability.ts'
import type { CapabilityDefinition, ExecutionContext } from '../../executor.ts'
import { WorkspacePath } from '../arguments.ts'

/** Long enough for a code base of a million lines on a busy machine. */
const TIMEOUT_MS = 120_000

/** The folder that every analysis takes. */
export const analysisPath = WorkspacePath.default('.').describe('Folder to look at, relative to the workspace.')

type WithPath = z.ZodObject<{ path: typeof analysisPath }>

interface Analysis<Args extends WithPath, Output extends z.ZodType> {
  /** Without `analysis.` and version. */
  readonly name: string
  readonly title: string
  readonly description: string
  readonly args: Args
  readonly output: Output
  /** Default: nothing. */
  readonly needs?: CapabilityDefinition['needs']
  readonly timeoutMs?: number
  /** What it touches beside the files below its path. */
  targets?(args: z.output<Args>): readonly Target[]
  run(args: z.output<Args>, context: ExecutionContext): Promise<z.input<Output>>
}

/** An analysis: it only reads, and counts as one file-system operation, however many files it reads. */
export function defineAnalysis<Args extends WithPath, Output extends z.ZodType>(
  analysis: Analysis<Args, Output>,
): CapabilityDefinition<Args, Output> {
  const { name, title, description, args, output, needs = [], timeoutMs = TIMEOUT_MS } = analysis
  return defineCapability({
    name: `analysis.${name}.v1`,
    title,
    description,
    args,
    output,
    effect: 'read',
    risk: 'low',
    needs,
    timeoutMs,
    targets: (given) => [{ kind: 'path', access: 'read', path: given.path }, ...(analysis.targets?.(given) ?? [])],
    async run(given, context) {
      context.meter.use('fsOperations', 1)
      return analysis.run(given, context)
    },
  })
}
