import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { lstat, mkdir, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { ControllerError } from '../../errors.ts'
import type { Report } from '../../model/report.ts'
import { packagePath } from '../../package-path.ts'
import { figureSvg } from './figures/figures.ts'
import { renderMarkdown } from './markdown-report.ts'
import { hasSarif, toSarif } from './sarif.ts'
import { printableJson } from '../../input/terminal-text.ts'

/** The files of a report, the one for a person first. */
export function reportFileNames(report: Report): string[] {
  return ['report.md', 'report.json', ...(hasSarif(report) ? ['report.sarif'] : []), ...report.figures.map(({ name }) => `${name}.svg`)]
}

/**
 * Writes a report into an existing folder: `report.md` for a person, `report.json` for programs, `report.sarif` for code scanners where
 * something was analysed, and each figure as SVG. Returns the path of the first. What bears these names is replaced, never written
 * through: a workspace may have put links or FIFOs there.
 */
export async function writeReportFiles(folder: string, report: Report): Promise<string> {
  const reportPath = join(folder, 'report.md')
  // Last, so that whoever finds it finds also what it links to.
  const texts = new Map([
    ...report.figures.map((figure) => [`${figure.name}.svg`, figureSvg(figure)] as const),
    ...(hasSarif(report) ? [['report.sarif', asJson(toSarif(report, ownVersion()))] as const] : []),
    ['report.json', asJson(report)] as const,
  ])
  for (const [name, text] of texts) await replaceFile(join(folder, name), text)
  await replaceFile(reportPath, renderMarkdown(report))
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

/**
 * A folder that somebody named for copies of reports, made if need be. It may be anywhere but in the state folder; it is no link, and
 * below the workspace, whose links nobody vouches for, no link leads to it.
 * @throws ControllerError USAGE
 */
export async function outputFolder(folder: string, places: { readonly workspace: string; readonly stateDir: string }): Promise<string> {
  const refuse = (problem: string, cause?: unknown): ControllerError =>
    new ControllerError('USAGE', `Reports cannot be written to ${folder}: ${problem}`, { hint: 'Give another folder with --out DIR.', cause })
  const [real, workspace, stateDir] = await Promise.all([whereItLeads(folder), whereItLeads(places.workspace), whereItLeads(places.stateDir)])
  if (isIn(stateDir, real)) throw refuse('it is in the state folder, which is not for other files.')
  const isLink = (await lstat(folder).catch(() => null))?.isSymbolicLink() === true
  if (isLink) throw refuse('it is a symbolic link.')
  if (isIn(resolve(places.workspace), folder) && !isIn(workspace, real)) throw refuse('a symbolic link in the workspace leads out of it.')
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw refuse(error instanceof Error ? error.message : String(error), error)
  })
  return folder
}

/** The real path of a file or folder, as far as it exists. */
async function whereItLeads(path: string): Promise<string> {
  const absolute = resolve(path)
  const real = await realpath(absolute).catch(() => null)
  if (real !== null) return real
  const above = dirname(absolute)
  return above === absolute ? absolute : join(await whereItLeads(above), basename(absolute))
}

function isIn(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way === '' || (!isAbsolute(way) && way !== '..' && !way.startsWith('../'))
}

function asJson(value: unknown): string {
  return `${printableJson(JSON.stringify(value, null, 2))}\n`
}

function ownVersion(): string {
  const { version }: { version: string } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8'))
  return version
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
