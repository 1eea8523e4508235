import { Worker } from 'node:worker_threads'

/** A name that is used, and what takes its place again and again. Both are there, on one file system. */
export interface Swap {
  readonly path: string
  readonly other: string
}

/**
 * Swaps as fast as a thread can, each name in turn. `stop` ends it, puts everything back and tells how often it went round. What
 * somebody else puts under a name in the moment it is free is moved away to `PATH.grown-N`.
 */
export async function startSwapping(swaps: readonly Swap[]): Promise<{ stop(): Promise<number> }> {
  const source = `
    const { renameSync } = require('node:fs'), { workerData, parentPort } = require('node:worker_threads')
    const shared = new Int32Array(workerData.flag)
    let grown = 0
    const put = (from, to) => {
      for (;;) {
        try { return renameSync(from, to) }
        catch (error) {
          if (error.code === 'ENOENT') throw error
          try { renameSync(to, to + '.grown-' + grown++) } catch {}
        }
      }
    }
    parentPort.postMessage('started')
    while (Atomics.load(shared, 0) === 0) {
      for (const { path, other } of workerData.swaps) {
        put(path, path + '.first'); put(other, path)
        put(path, other); put(path + '.first', path)
      }
      Atomics.add(shared, 1, 1)
    }`
  const flag = new SharedArrayBuffer(8)
  const shared = new Int32Array(flag)
  const worker = new Worker(source, { eval: true, workerData: { swaps, flag } })
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  const ended = new Promise<void>((resolve, reject) => worker.once('exit', () => resolve()).once('error', reject))
  return {
    async stop() {
      Atomics.store(shared, 0, 1)
      await ended
      return Atomics.load(shared, 1)
    },
  }
}
