import { lstat, realpath, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { ControllerOptions } from '../controller.types.ts'
import { ControllerError } from '../errors.ts'
import { Config } from '../model/config.ts'
import { isProfileName } from '../model/policy.ts'
import { listProblems, paramProblemsOf } from '../model/problems.ts'
import type { Clock } from '../services/clock/clock.ts'
import { createSystemClock } from '../services/clock/system.clock.ts'
import { createSqliteJournal } from '../services/journal/sqlite.journal.ts'
import { createMigratingJournal } from './migrating-journal.ts'
import type { MigratingJournal } from './migrating-journal.ts'
import { createMigrations } from './migrations.ts'

/** Where runs work and are kept, and the settings they follow. */
export interface Places {
  /** Absolute, real path. */
  readonly workspace: string
  readonly stateDir: string
  readonly config: Config
}

export interface Store {
  readonly journal: MigratingJournal
  readonly clock: Clock
}

/** The places and settings that options name. @throws ControllerError WORKSPACE_INVALID, CONFIG_INVALID, JOURNAL_UNWRITABLE */
export async function openPlaces(options: ControllerOptions): Promise<Places> {
  const given = configOf(options)
  // A run remembers its policy: by path it must be found again from any folder.
  const config = { ...given, policy: isProfileName(given.policy) ? given.policy : resolve(given.policy) }
  const workspace = await openWorkspace(options.workspace ?? '.')
  return { config, workspace, stateDir: config.state === undefined ? await defaultStateDir(workspace) : resolve(config.state) }
}

/** The workspace is not trusted: a link that came with it would have runs kept, and files written, wherever it leads. */
async function defaultStateDir(workspace: string): Promise<string> {
  const folder = join(workspace, '.planner-exec')
  const stats = await lstat(folder).catch(() => null)
  if (stats?.isSymbolicLink() !== true) return folder
  throw new ControllerError('JOURNAL_UNWRITABLE', `the state folder ${folder} is a symbolic link`, {
    hint: 'Remove it, or name the folder that you mean with `--state DIR`.',
  })
}

/** The store and the clock. @throws ControllerError CONFIG_INVALID for migrations, JOURNAL_UNWRITABLE, JOURNAL_CORRUPT, JOURNAL_UNSUPPORTED */
export async function openStore(options: ControllerOptions, { stateDir, config }: Pick<Places, 'stateDir' | 'config'>): Promise<Store> {
  const migrations = createMigrations(options.migrations)
  const journal = options.journal ?? (await createSqliteJournal({ file: join(stateDir, 'planner-exec.db'), sync: config.sync }))
  return { journal: createMigratingJournal(journal, migrations), clock: options.clock ?? createSystemClock() }
}

function configOf(options: ControllerOptions): Config {
  const given = Object.fromEntries(Object.entries(options).filter(([key, value]) => Object.hasOwn(Config.shape, key) && value !== undefined))
  const parsed = Config.safeParse(given)
  if (parsed.success) return parsed.data
  const problems = paramProblemsOf(parsed.error, given)
  throw new ControllerError('CONFIG_INVALID', `the configuration is not valid: ${listProblems(problems)}`, { details: problems })
}

async function openWorkspace(path: string): Promise<string> {
  const absolute = resolve(path)
  const stats = await stat(absolute).catch((cause: unknown) => {
    throw new ControllerError(
      'WORKSPACE_INVALID',
      `the workspace ${absolute} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    )
  })
  if (!stats.isDirectory()) throw new ControllerError('WORKSPACE_INVALID', `the workspace ${absolute} is not a folder`)
  return realpath(absolute)
}
