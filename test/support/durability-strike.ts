import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Blow, BlowJob, Outcome, Verdict } from './durability-blows.ts'
import { clear, temporaryFolder, type StoredFiles } from './durability-store.ts'

const CHILD = fileURLToPath(new URL('./durability-child.ts', import.meta.url))
/** A look takes milliseconds; a process that says nothing for so long hangs. */
const HANG_MS = 30_000

export interface Struck {
  readonly tally: Readonly<Record<Outcome, number>>
  /** Everything but `same`. */
  readonly verdicts: readonly Verdict[]
}

/** Strikes every blow at a copy of the store, in a process of its own: one that dies or hangs is a verdict, and the next goes on. */
export async function strikeAll(files: StoredFiles, blows: readonly Blow[], { addon = false } = {}): Promise<Struck> {
  const folder = await temporaryFolder()
  try {
    const [database, log, jobFile] = [join(folder, 'sound.db'), join(folder, 'sound.log'), join(folder, 'job.json')]
    await writeFile(database, files.database)
    if (files.log !== null) await writeFile(log, files.log)
    const job: BlowJob = { folder, database, log: files.log && log, blows, addon }
    await writeFile(jobFile, JSON.stringify(job))
    const verdicts: Verdict[] = []
    for (let first = 0; first < blows.length;) {
      const stopped = await runChild(jobFile, first, verdicts)
      if (stopped === null) break
      const blow = blows[stopped.at]
      if (blow === undefined) throw new Error(`the child ended before its first blow:\n${stopped.stderr}`)
      verdicts.push({ blow, outcome: stopped.how, said: [stopped.stderr] })
      first = stopped.at + 1
    }
    return { tally: tallyOf(blows.length, verdicts), verdicts }
  } finally {
    await clear(folder)
  }
}

interface Stopped {
  /** The blow under way; -1 when there was none. */
  readonly at: number
  readonly how: 'died' | 'hung'
  readonly stderr: string
}

/** Null when it struck everything to the end. */
function runChild(jobFile: string, first: number, verdicts: Verdict[]): Promise<Stopped | null> {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, jobFile, String(first)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let at = -1
  let ended = false
  let hung = false
  let stderr = ''
  const watch = () =>
    setTimeout(() => {
      hung = true
      child.kill('SIGKILL')
    }, HANG_MS)
  let watchdog = watch()
  createInterface(child.stdout).on('line', (line) => {
    clearTimeout(watchdog)
    if (line === 'end') ended = true
    else if (line.startsWith('{')) verdicts.push(JSON.parse(line) as Verdict)
    else at = Number(line)
    watchdog = watch()
  })
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')))
  return new Promise((resolve) => {
    child.once('close', () => {
      clearTimeout(watchdog)
      resolve(ended ? null : { at, how: hung ? 'hung' : 'died', stderr })
    })
  })
}

function tallyOf(blows: number, verdicts: readonly Verdict[]): Record<Outcome, number> {
  const tally: Record<Outcome, number> = { same: blows - verdicts.length, refused: 0, earlier: 0, wrong: 0, unnamed: 0, died: 0, hung: 0 }
  for (const { outcome } of verdicts) tally[outcome] += 1
  return tally
}
