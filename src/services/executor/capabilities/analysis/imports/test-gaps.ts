import * as z from 'zod'
import type { Finding } from '../../../../../model/report.ts'
import { analysisPath, defineAnalysis } from '../define-analysis.ts'
import type { ExecutionContext } from '../../../executor.ts'
import { analysisOutput, byText, inOrder, shellPath } from '../finding.ts'
import { type Module, readImportGraph } from './import-graph.ts'
import { mentionedIn } from './mentions.ts'
import { reachedFrom } from './reach.ts'

/** Smaller modules hold little that could be tested by itself. */
const MIN_LINES = 20
/** When the tests reach less than that, they get at the code in a way that imports do not tell (a build, a server, a page). */
const MIN_REACHED_SHARE = 0.1
const MAX_FINDINGS = 30
const MAX_LISTED = 500

const NO_UNIT =
  /(?:^|\/)(?:bin|scripts?|tools?|examples?|demos?|docs?|website|bench(?:es|mark|marks)?|perf|migrations?|stories|templates?|playgrounds?)\/|\.(?:config|conf|stories|story|bench|d)\.[a-z]+$/i

const Args = z.strictObject({
  path: analysisPath,
})

const Output = z.strictObject({
  path: z.string(),
  tests: z.number().int(),
  /** Modules that tests could be expected for. */
  modules: z.number().int(),
  /** Those of them that some test leads to by its imports, directly or through others. */
  reached: z.number().int(),
  /** The first 500 of the others, largest first. */
  unreached: z.array(z.strictObject({ file: z.string(), lines: z.number().int() })),
  ...analysisOutput,
})
type Output = z.infer<typeof Output>

/** Source modules that no test leads to. */
export const tests = defineAnalysis({
  name: 'tests',
  title: 'Test gaps',
  description:
    'Finds TypeScript and JavaScript modules that no test file leads to by its imports, directly or through other modules. No test is run; what tests ' +
    'start as another process or open as a page is not seen.',
  args: Args,
  output: Output,
  run,
})

async function run({ path }: z.output<typeof Args>, context: ExecutionContext): Promise<Output> {
  const graph = await readImportGraph(path, context)
  const all = [...graph.modules.values()].filter(({ isOwn }) => isOwn)
  const testFiles = all.filter(({ isTest }) => isTest).map((module) => module.path)
  const units = all.filter(isUnit)
  const reached = reachedFrom(graph, testFiles)
  const unreached = units.filter((module) => !reached.has(module.path)).sort((a, b) => b.lines - a.lines || byText(a.path, b.path))
  const share = units.length === 0 ? 0 : (units.length - unreached.length) / units.length
  const silence = silenceOf({ testFiles: testFiles.length, units: units.length, share, unread: graph.unread.length })
  const named =
    silence === null
      ? await mentionedIn(
          unreached.map((module) => module.path),
          testFiles,
          context,
        )
      : new Set()
  const gaps = silence === null ? unreached.filter((module) => !named.has(module.path)) : []
  return {
    path,
    tests: testFiles.length,
    modules: units.length,
    reached: units.length - unreached.length,
    unreached: unreached.slice(0, MAX_LISTED).map((module) => ({ file: module.path, lines: module.lines })),
    findings: inOrder(gaps.slice(0, MAX_FINDINGS).map((module) => toFinding(module, testFiles.length))),
    notExamined: [
      ...graph.notExamined,
      ...(silence === null ? [] : [silence]),
      ...(gaps.length > MAX_FINDINGS ? [`${gaps.length - MAX_FINDINGS} smaller modules that no test leads to`] : []),
    ],
  }
}

function isUnit({ path, isOwn, isTest, lines, hasCode }: Module): boolean {
  return isOwn && hasCode && !isTest && lines >= MIN_LINES && !NO_UNIT.test(path) && path.includes('/')
}

/** Why nothing can be said; null when something can. */
function silenceOf({ testFiles, units, share, unread }: Record<'testFiles' | 'units' | 'share' | 'unread', number>): string | null {
  if (units === 0) return null
  if (unread > 0) return 'which modules are tested: not every file could be read, so a way to them may be missing'
  // That there are no tests at all is another analysis' finding.
  if (testFiles === 0) return 'which modules are tested: there are no test files in TypeScript or JavaScript'
  if (share >= MIN_REACHED_SHARE) return null
  return `which modules are tested: imports lead from the tests to ${Math.round(share * 100)} % of them only, so the tests get at the code in another way`
}

function toFinding({ path, lines }: Module, testFiles: number): Finding {
  const stem = (path.split('/').at(-1) ?? path).replace(/\..*$/, '')
  return {
    rule: 'tests.unreached',
    severity: 'low',
    // A test may start it as a process, or reach it through something that was not understood.
    confidence: 'heuristic',
    title: 'Module that no test leads to',
    file: path,
    line: null,
    evidence: `${lines} lines; none of ${testFiles} test files imports it, directly or through others, or names it`,
    why: 'A mistake in it is found by those who use it.',
    fix: 'Test what it does through its exports.',
    command: `grep -rlw -e ${shellPath(stem)} --include='*test*' --include='*spec*' --exclude-dir=node_modules --exclude-dir=.git .`,
  }
}
