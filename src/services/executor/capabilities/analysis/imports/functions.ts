import * as z from 'zod'
import type { Finding } from '../../../../../model/report.ts'
import { analysisPath, defineAnalysis } from '../define-analysis.ts'
import type { ExecutionContext } from '../../../executor.ts'
import { analysisOutput, byText, inOrder, shellPath } from '../finding.ts'
import { linesOf, readText } from '../text-files.ts'
import { type ImportGraph, type Module, readImportGraph } from './import-graph.ts'

/** SonarQube's rule S138 takes 100 for functions of most languages (ESLint's max-lines-per-function: 50). */
const LONG_FUNCTION = 100
/** A function that is most of its file wraps a module; its length is that of the file. */
const WRAPPER_SHARE = 0.8
const LARGEST = 20

const Args = z.strictObject({
  path: analysisPath,
  maxLines: z.number().int().min(50).max(10_000).default(LONG_FUNCTION).describe('Longer functions are findings.'),
})

const Output = z.strictObject({
  path: z.string(),
  /** Functions longer than `maxLines`, tests left out. */
  long: z.number().int(),
  /** The 20 longest, whatever their length from 50 lines. */
  longest: z.array(z.strictObject({ file: z.string(), name: z.string(), line: z.number().int(), lines: z.number().int() })),
  ...analysisOutput,
})
type Output = z.infer<typeof Output>

interface Long {
  readonly file: string
  readonly name: string
  readonly line: number
  readonly endLine: number
  /** Without the long functions inside it. */
  readonly lines: number
}

/** Functions that are too long to be understood in one piece. */
export const functions = defineAnalysis({
  name: 'functions',
  title: 'Long functions',
  description: 'Finds long functions in TypeScript and JavaScript outside tests. The lines of long functions inside another one do not count for it.',
  args: Args,
  output: Output,
  run,
})

async function run({ path, maxLines }: z.output<typeof Args>, context: ExecutionContext): Promise<Output> {
  const graph = await readImportGraph(path, context)
  const all = functionsIn(graph)
  const long = all.filter(({ lines }) => lines > maxLines)
  const findings: Finding[] = []
  for (const each of long) {
    const isSure = await endsWhereItSays(each, context)
    findings.push(toFinding(each, maxLines, isSure))
  }
  return {
    path,
    long: long.length,
    longest: all.slice(0, LARGEST).map(({ file, name, line, lines }) => ({ file, name, line, lines })),
    findings: inOrder(findings),
    notExamined: [...graph.notExamined],
  }
}

function functionsIn({ modules }: ImportGraph): Long[] {
  return [...modules.values()]
    .filter(({ isOwn, isTest }) => isOwn && !isTest)
    .flatMap(ownFunctions)
    .sort((a, b) => b.lines - a.lines || byText(a.file, b.file) || a.line - b.line)
}

function ownFunctions(module: Module): Long[] {
  const found = module.functions.filter(({ line, endLine }) => endLine - line + 1 < WRAPPER_SHARE * module.lines)
  return found.map((each) => {
    const inside = found.filter((other) => other !== each && isInside(other, each))
    const direct = inside.filter((one) => !inside.some((other) => other !== one && isInside(one, other)))
    const nested = direct.reduce((sum, { line, endLine }) => sum + endLine - line + 1, 0)
    return { file: module.path, name: each.name, line: each.line, endLine: each.endLine, lines: each.endLine - each.line + 1 - nested }
  })
}

function isInside(inner: Module['functions'][number], outer: Module['functions'][number]): boolean {
  if (inner.line < outer.line || inner.endLine > outer.endLine) return false
  return inner.line > outer.line || inner.endLine < outer.endLine || inner.column > outer.column
}

/** The second look knows no syntax: what begins on an indented line ends on one that is indented alike and closes something. */
async function endsWhereItSays({ file, line, endLine }: Long, context: ExecutionContext): Promise<boolean> {
  const text = await readText(context, file)
  const lines = text === null ? [] : linesOf(text)
  const [first, last] = [lines[line - 1], lines[endLine - 1]]
  return first !== undefined && last !== undefined && /^\s*[})\]]/.test(last) && indentOf(first) === indentOf(last)
}

function indentOf(line: string): string {
  return /^\s*/.exec(line)?.[0] ?? ''
}

function toFinding({ file, name, line, endLine, lines }: Long, maxLines: number, isSure: boolean): Finding {
  const whole = endLine - line + 1
  return {
    rule: 'size.long-function',
    severity: 'low',
    confidence: isSure ? 'verified' : 'heuristic',
    title: 'Long function',
    file,
    line,
    evidence: `${name === '' ? 'a function without a name' : name}: ${whole} lines (${line}-${endLine})${whole === lines ? '' : `, ${lines} without long functions inside it`}; ${maxLines} is the threshold`,
    why: 'Nobody keeps that much in mind at once, and no test reaches one part of it alone.',
    fix: 'Take out the parts that have a name of their own.',
    command: `sed -n '${line},${endLine}p' ${shellPath(file)}`,
  }
}
