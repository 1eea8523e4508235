import { describe } from 'vitest'
import { createMemoryJournal } from '../../../src/services/journal/memory.journal.ts'
import { journalContract } from './journal.contract.ts'

describe('memory journal', () => {
  journalContract(async () => createMemoryJournal())
})
