import { setInterval } from 'node:timers'
import { processOwner } from '../../../../src/services/journal/process-owner.ts'

console.log(processOwner())
setInterval(() => {}, 60_000)
