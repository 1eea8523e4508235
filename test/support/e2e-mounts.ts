import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Ended } from '../e2e/invoke-cli.ts'

const BUBBLEWRAP = 'bwrap'

/**
 * Runs a command on this machine with other mounts, as bubblewrap makes them: for this command alone, with or without root's rights.
 * What it leaves in a `--tmpfs` is gone afterwards, so a story about it is one shell script.
 */
export function withMounts(mounts: readonly string[], command: readonly string[], cwd: string): Promise<Ended> {
  const env = { PATH: process.env['PATH'], HOME: cwd }
  return new Promise((resolve) => {
    execFile(BUBBLEWRAP, ['--dev-bind', '/', '/', ...mounts, '--', ...command], { cwd, env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

/** Mounts under which a program cannot be started, as if nobody had installed it. */
export function without(program: string): string[] {
  const folders = new Set([...(process.env['PATH'] ?? '').split(':'), '/usr/local/bin', '/usr/bin', '/bin'])
  const places = [...folders].map((folder) => join(folder, program)).filter((path) => existsSync(path))
  return places.flatMap((path) => ['--ro-bind', '/dev/null', path])
}
