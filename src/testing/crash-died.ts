/** What stops everything of a process that a test let die. No code of that process may act on it: it stands for code that no longer runs. */
export class ProcessDied extends Error {
  override readonly name = 'ProcessDied'

  constructor() {
    super('the process died here')
  }
}
