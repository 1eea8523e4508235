import type { CapabilityDefinition } from '../../executor.ts'
import { changes } from './changes.ts'
import { dependencies } from './dependencies/dependencies.ts'
import { duplicates } from './duplicates.ts'
import { hotspots } from './hotspots.ts'
import { hygiene } from './hygiene.ts'
import { functions } from './imports/functions.ts'
import { imports } from './imports/imports.ts'
import { tests } from './imports/test-gaps.ts'
import { inventory } from './inventory.ts'
import { unfinished } from './marker-ranking.ts'
import { markers } from './markers.ts'
import { oxlint } from './oxlint.ts'
import { secrets } from './secrets.ts'

/** What can be said of a code base by reading it: no program of the workspace runs, nothing is asked online unless a step says so. */
export const analysisCapabilities: readonly CapabilityDefinition[] = [
  changes,
  dependencies,
  duplicates,
  functions,
  hotspots,
  hygiene,
  imports,
  inventory,
  markers,
  oxlint,
  secrets,
  tests,
  unfinished,
]
