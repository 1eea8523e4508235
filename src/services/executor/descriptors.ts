import { readdirSync, readFileSync } from 'node:fs'

/** Set on descriptors that a program which is started does not get (octal, as procfs writes flags). */
const CLOSE_ON_EXEC = 0o2000000
const FIRST_UNNAMED = 3

/**
 * Descriptors of this process that every program it starts would inherit, standard ones aside: whoever started us may have left a folder
 * or a socket open, and in a sandbox that is a way out. Empty where procfs is not there to tell.
 */
export function inheritedDescriptors(): readonly number[] {
  try {
    return readdirSync('/proc/self/fdinfo')
      .map(Number)
      .filter((fd) => fd >= FIRST_UNNAMED && isInherited(fd))
  } catch {
    return []
  }
}

function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0
  } catch {
    // The descriptor that listed the folder is closed by now.
    return false
  }
}
