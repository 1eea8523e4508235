import type { CapabilityDefinition } from '../executor.ts'
import { fsList } from './fs.list.ts'
import { fsRead } from './fs.read.ts'
import { fsSearch } from './fs.search.ts'
import { fsStat } from './fs.stat.ts'
import { fsWrite } from './fs.write.ts'
import { gitLog } from './git.log.ts'
import { gitStatus } from './git.status.ts'
import { shellExec } from './shell.exec.ts'

/** What every controller can do: files, git's history and state, commands in a sandbox. */
export const baseCapabilities: readonly CapabilityDefinition[] = [fsRead, fsList, fsStat, fsSearch, fsWrite, gitLog, gitStatus, shellExec]
