#!/usr/bin/env node
import { createProgram, dispatchOf, exitCodeOfUsage } from './program.ts'
import { flushed, processIo } from './io.ts'

const io = processIo()
let exitCode = 0
try {
  const program = createProgram(dispatchOf(io, (code) => (exitCode = code)))
  await program.parseAsync([...io.argv], { from: 'user' })
} catch (error) {
  exitCode = await exitCodeOfUsage(io, error)
}
await Promise.all([flushed(io.stdout), flushed(io.stderr)])
// A capability's process or a timer must not keep the shell waiting once everything is written.
process.exit(exitCode)
