// Strikes one blow after another at copies of a store, looks at what the library makes of each, and says so line by line:
// the blow's number before it is struck, and the verdict after it when the library did not tell the same as before.
import { mkdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createSqliteJournal, openRuns } from '../../src/index.ts'
import { struck, type Blow, type BlowJob, type Outcome } from './durability-blows.ts'
import { answersOf, errorOf, lookAt, momentsOf, type LookName, type Sight } from './durability-looks.ts'

const job = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as BlowJob
const first = Number(process.argv[3])
if (job.addon) process.getBuiltinModule = () => undefined as never

const sound = { database: readFileSync(job.database), log: job.log === null ? null : readFileSync(job.log) }
const workspace = join(job.folder, `workspace-${process.pid}`)
const file = join(workspace, '.planner-exec', 'planner-exec.db')
const say = (line: string) => void writeSync(1, `${line}\n`)

function put({ database, log }: { readonly database: Buffer; readonly log: Buffer | null }): void {
  for (const name of ['', '-wal', '-shm', '-journal']) rmSync(file + name, { force: true })
  writeFileSync(file, database)
  if (log !== null) writeFileSync(`${file}-wal`, log)
}

mkdirSync(dirname(file), { recursive: true })
put(sound)
const runs = await openRuns({ workspace })
const expected = lookAt(runs)
const moments = momentsOf(runs)
await runs.close()
const journal = await createSqliteJournal({ file })
const answers = await answersOf(journal, workspace)
await journal.close()

const textOf = (sight: Sight): string | null => ('text' in sight ? sight.text : null)

/** A cheap look first: most blows change nothing that the library would see. */
async function isSame(): Promise<boolean> {
  try {
    const struckJournal = await createSqliteJournal({ file })
    try {
      return answers.sameFrom(struckJournal)
    } finally {
      await struckJournal.close()
    }
  } catch {
    return false
  }
}

/** An error's code when it names what is wrong: INTERNAL says only that something is. */
function codeOf(sight: Sight): string | null {
  const error = errorOf(sight)
  return error === null || error.code === 'INTERNAL' ? null : error.code
}

function judge(name: LookName, sight: Sight): { readonly outcome: Outcome; readonly said: string } | null {
  const text = textOf(sight)
  if (text === textOf(expected[name])) return null
  if (text === null) {
    const code = codeOf(sight)
    if (code !== null) return { outcome: 'refused', said: `${name}: ${code}` }
    return { outcome: 'unnamed', said: `${name}: ${'thrown' in sight && sight.thrown instanceof Error ? sight.thrown.stack : 'no error'}` }
  }
  return { outcome: 'wrong', said: `${name}: ${text.slice(0, 400)}` }
}

const WORST: readonly Outcome[] = ['unnamed', 'wrong', 'earlier', 'refused']

async function look(): Promise<{ readonly outcome: Outcome; readonly said: readonly string[] }> {
  let opened: Awaited<ReturnType<typeof openRuns>>
  try {
    opened = await openRuns({ workspace })
  } catch (thrown) {
    const found = judge('list', { thrown })
    return { outcome: found?.outcome ?? 'unnamed', said: [`open: ${found?.said ?? ''}`] }
  }
  try {
    const sights = lookAt(opened)
    const found = Object.entries(sights).flatMap(([name, sight]) => judge(name as LookName, sight) ?? [])
    const isEarlier = moments.slice(0, -1).includes(textOf(sights.stateAt) ?? '')
    const worst = WORST.find((outcome) => found.some((one) => one.outcome === outcome)) ?? 'same'
    return { outcome: worst === 'wrong' && isEarlier ? 'earlier' : worst, said: found.map(({ said }) => said) }
  } finally {
    await opened.close()
  }
}

async function strike(blow: Blow): Promise<{ readonly outcome: Outcome; readonly said: readonly string[] }> {
  const target = sound[blow.file]
  if (target === null) throw new Error(`there is no ${blow.file}`)
  const files = { ...sound, [blow.file]: struck(target, blow) }
  put(files)
  if (await isSame()) return { outcome: 'same', said: [] }
  // The cheap look may have mended or changed the files by closing them.
  put(files)
  return look()
}

for (const [index, blow] of job.blows.entries()) {
  if (index < first) continue
  say(String(index))
  const found = await strike(blow).catch((error: unknown) => ({ outcome: 'unnamed' as const, said: [String(error)] }))
  if (found.outcome !== 'same') say(JSON.stringify({ blow, ...found }))
}
rmSync(workspace, { recursive: true, force: true })
say('end')
