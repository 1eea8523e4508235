import type { CapabilityDefinition } from '../../executor.ts'
import { hotspots } from './hotspots.ts'
import { hygiene } from './hygiene.ts'
import { inventory } from './inventory.ts'
import { markers } from './markers.ts'

/** What can be said of a code base by reading it: no program of the workspace runs, nothing is asked online. */
export const analysisCapabilities: readonly CapabilityDefinition[] = [hotspots, hygiene, inventory, markers]
