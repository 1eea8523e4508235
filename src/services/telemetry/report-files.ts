import { randomUUID } from 'node:crypto'
import { lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ControllerError } from '../../errors.ts'
import type { Report } from '../../model/report.ts'
import { renderMarkdown } from './markdown-report.ts'
import { printableJson } from './terminal-text.ts'

/**
 * Writes `report.md`, for a person, and `report.json`, for programs, into an existing folder; returns the path of the former. What bears
 * these names is replaced, never written through: a workspace may have put links or FIFOs there.
 */
export async function writeReportFiles(folder: string, report: Report): Promise<string> {
  const reportPath = join(folder, 'report.md')
  await replaceFile(reportPath, renderMarkdown(report))
  await replaceFile(join(folder, 'report.json'), `${printableJson(JSON.stringify(report, null, 2))}\n`)
  return reportPath
}

/**
 * Makes the folder of a run, `runs/<id>` in the state folder.
 * @throws ControllerError JOURNAL_UNWRITABLE when it, or the one above it, is a link or no folder
 */
export async function makeRunFolder(folder: string): Promise<void> {
  const runs = dirname(folder)
  await mkdir(dirname(runs), { recursive: true, mode: 0o700 })
  for (const path of [runs, folder]) {
    await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    })
    if (!(await lstat(path)).isDirectory()) {
      throw new ControllerError('JOURNAL_UNWRITABLE', `The folder of reports ${path} is a link or no folder.`, {
        hint: 'Remove it, or use another state folder with `--state DIR`.',
      })
    }
  }
}

/** A new file takes the name in one step, so that whatever had it is not opened. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await writeFile(temporary, text, { flag: 'wx' })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
