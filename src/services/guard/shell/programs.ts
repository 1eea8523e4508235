import { judgeAwk } from './awk.ts'
import { judgeFind } from './find.ts'
import type { Judge } from './grammar.ts'
import {
  judgeCd,
  judgeCommand,
  judgeGetent,
  judgeGit,
  judgeIfconfig,
  judgeIp,
  judgeRead,
  judgeSet,
  judgeTest,
  judgeVersion,
} from './other-programs.ts'
import { judgeSed } from './sed.ts'
import { SYSTEM_PROGRAMS } from './system-programs.ts'
import { TEXT_PROGRAMS } from './text-programs.ts'
import { judgeXargs } from './xargs.ts'

const GRAMMARS: ReadonlyMap<string, Judge> = new Map([...TEXT_PROGRAMS, ...SYSTEM_PROGRAMS])

/** Every program that some arguments leave a reader. All others are not read-only. */
export const PROGRAMS: ReadonlyMap<string, Judge> = new Map<string, Judge>([
  ...GRAMMARS,
  ['xargs', judgeXargs((name) => GRAMMARS.get(name))],
  ...['python3', 'python', 'node'].map((name) => [name, judgeVersion] as const),
  ['ifconfig', judgeIfconfig],
  ['read', judgeRead],
  ['getent', judgeGetent],
  ['find', judgeFind],
  ['sed', judgeSed],
  ...['awk', 'gawk', 'mawk', 'nawk', 'original-awk'].map((name) => [name, judgeAwk] as const),
  ['test', judgeTest],
  ['[', (args) => judgeTest(args)],
  ['command', judgeCommand],
  ['git', judgeGit],
  ['set', judgeSet],
  ['cd', judgeCd],
  ['ip', judgeIp],
])
