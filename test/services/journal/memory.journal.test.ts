import { describe } from 'vitest'
import { createMemoryJournal } from '../../../src/services/journal/memory.journal.ts'
import { journalContract } from './journal.contract.ts'
import { retentionContract } from './retention.contract.ts'

describe('memory journal', () => {
  journalContract(async () => createMemoryJournal())
  retentionContract(async () => createMemoryJournal())
})
