import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Absolute path of a folder or file that comes with the package, wherever the code that asks was built to. */
export function packagePath(name: string): string {
  return join(dirname(createRequire(import.meta.url).resolve('planner-exec/package.json')), name)
}
