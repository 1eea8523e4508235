import * as z from 'zod'
import type { Finding } from '../../../../model/report.ts'
import { analysisPath, defineAnalysis } from './define-analysis.ts'
import type { ExecutionContext } from '../../executor.ts'
import { runGit } from '../../git.ts'
import { analysisOutput, byText, inOrder, named, RANK, shellPath } from './finding.ts'
import { groupedBy } from './groups.ts'
import { ENV_FILE, ENV_SAMPLE } from './repository-checks.ts'
import { findSecrets, type Sighting } from './secrets/find-secrets.ts'
import { type Role, rolesOf } from './secrets/role.ts'
import { lookAtFiles, readText, type TextFile } from './text-files.ts'

const MAX_FILES = 100_000
const NAMED_PLACES = 5
/** Characters of a value that evidence may show. */
const SHOWN = 4

const Args = z.strictObject({
  path: analysisPath,
  maxFindings: z.number().int().min(1).max(10_000).default(200).describe('Findings returned at most, the most severe first.'),
})

const Output = z.strictObject({
  path: z.string(),
  /** Text files that were searched. */
  files: z.number().int(),
  truncated: z.boolean(),
  ...analysisOutput,
})
type Output = z.infer<typeof Output>

/** Passwords, keys and tokens in the tree; never shows one. */
export const secrets = defineAnalysis({
  name: 'secrets',
  title: 'Secrets in the tree',
  description:
    'Finds tokens of known formats, private keys, web tokens, passwords in URLs and random-looking literals given to names like `password`, in ' +
    'every text file but generated, vendored and lock files and environment files that git does not track. Values are never shown. Reads only: ' +
    'nobody is asked whether a secret is still valid.',
  args: Args,
  output: Output,
  run,
})

async function run({ path, maxFindings }: z.output<typeof Args>, context: ExecutionContext): Promise<Output> {
  const notExamined: string[] = []
  const sightings: Judged[] = []
  const skipped: string[] = []
  const untracked: string[] = []
  let files = 0
  const onTruncated = () => notExamined.push(`secrets after the first ${MAX_FILES} files`)
  for await (const looked of lookAtFiles(context, { path, maxFiles: MAX_FILES, onTruncated })) {
    if (looked.kind === 'skipped') skipped.push(looked.path)
    if (looked.kind !== 'text') continue
    if (isEnvironment(looked.path) && !(await isTracked(looked.path, context))) {
      untracked.push(looked.path)
      continue
    }
    files += 1
    sightings.push(...judged(findSecrets(looked), looked))
  }
  if (skipped.length > 0) notExamined.push(`secrets in files that were skipped: ${named(skipped)}`)
  if (untracked.length > 0) notExamined.push(`secrets in environment files that git does not track: ${named(untracked)}`)
  const merged = await merge(sightings, context)
  if (merged.length > maxFindings) notExamined.push(`${merged.length - maxFindings} more possible secrets beyond maxFindings (${maxFindings})`)
  return { path, files, truncated: merged.length > maxFindings, findings: inOrder(merged).slice(0, maxFindings), notExamined }
}

interface Judged extends Sighting {
  readonly severity: Finding['severity']
}

function judged(sightings: readonly Sighting[], file: TextFile): Judged[] {
  if (sightings.length === 0) return []
  const roleAt = rolesOf(file)
  return sightings.flatMap((sighting) => {
    const severity = severityOf(sighting, roleAt(sighting))
    return severity === null ? [] : [{ ...sighting, severity }]
  })
}

/** Null: not worth a word. The hygiene check already speaks of what tracked environment files assign. */
function severityOf({ rule, file, confidence, weight }: Sighting, role: Role): Finding['severity'] | null {
  if (rule === 'secrets.assigned' && isEnvironment(file)) return null
  if (confidence === 'verified') {
    if (weight === 'limited') return role === 'source' ? 'medium' : 'info'
    if (role === 'source') return 'high'
    // Keys are made for tests all the time; a token comes from its service.
    return rule === 'secrets.private-key' ? 'low' : 'medium'
  }
  if (weight === 'limited') return role === 'source' ? 'low' : null
  return role === 'source' ? 'medium' : 'info'
}

function isEnvironment(path: string): boolean {
  return ENV_FILE.test(path) && !ENV_SAMPLE.test(path)
}

/** False as well where there is no git to ask. */
async function isTracked(path: string, context: ExecutionContext): Promise<boolean> {
  try {
    return (await runGit(['ls-files', '--error-unmatch', '--', path], context)).exitCode === 0
  } catch (error) {
    if (context.signal.aborted) throw error
    return false
  }
}

/** One finding for each secret, at its most severe place. A file that has it no more when it is read again does not count. */
async function merge(sightings: readonly Judged[], context: ExecutionContext): Promise<Finding[]> {
  const stillThere: Judged[] = []
  for (const [file, ofFile] of groupedBy(sightings, ({ file: of }) => of)) {
    const text = await readText(context, file)
    context.heartbeat()
    const now = new Set(text === null ? [] : findSecrets({ path: file, text }).map(identity))
    stillThere.push(...ofFile.filter((sighting) => now.has(identity(sighting))))
  }
  return [...groupedBy(stillThere, ({ rule, digest }) => `${rule}:${digest}`).values()].flatMap(toFinding)
}

function identity({ rule, line, digest }: Sighting): string {
  return `${rule}:${line}:${digest}`
}

function toFinding(places: readonly Judged[]): Finding[] {
  const [first, ...others] = [...places].sort((a, b) => RANK[a.severity] - RANK[b.severity] || byText(a.file, b.file) || a.line - b.line)
  if (first === undefined) return []
  const also = others.length === 0 ? '' : `, also in ${named([...new Set(others.map(({ file, line }) => `${file}:${line}`))], NAMED_PLACES)}`
  return [
    {
      rule: first.rule,
      severity: first.severity,
      confidence: first.confidence,
      title: first.name,
      file: first.file,
      line: first.line,
      evidence: `${described(first)}${also}`,
      why: 'Whoever can read the repository or a copy of it has it, in its history even after it is removed.',
      fix:
        first.confidence === 'verified'
          ? 'Revoke it where it was issued, then read a new one from the environment or a secret store.'
          : 'If it is real, revoke it where it was issued, then read a new one from the environment or a secret store.',
      command: `sed -n '${first.line}p' ${shellPath(first.file)} | grep -oF -e '${first.shown}'`,
    },
  ]
}

/** What may be said of a value: how all of its kind begin, or what it is assigned to, and its length. */
function described({ shown, isPrefix, rule, length }: Sighting): string {
  if (isPrefix) return `${rule === 'secrets.private-key' ? shown : shown.slice(0, SHOWN)}… (${length} characters)`
  return rule === 'secrets.url-password'
    ? `${shown}… with a password (${length} characters)`
    : `${shown} is given a literal (${length} characters, not shown)`
}
