// Runs a command and tells how long it has been at it.
import { spawn } from 'node:child_process'
import { root } from './project.mjs'

const PLAIN_LINE_MS = 10_000
const TERMINAL_LINE_MS = 250
const MAX_KEPT_LINES = 400

/**
 * Runs a command in the project's root, quietly, with a progress line: one that updates on a terminal, a plain one every 10 s elsewhere.
 * @param {{ label: string, describe?: (line: string) => string | null, env?: object }} options `describe` makes of an output line what is being
 *   done now, or null when the line says nothing about it
 * @returns {Promise<{ code: number, output: string, seconds: number }>} `output` holds the last lines of stdout and stderr
 */
export async function runWithProgress(command, args, { label, describe = () => null, env = {} }) {
  const startedAt = Date.now()
  const seconds = () => Math.round((Date.now() - startedAt) / 1000)
  const kept = []
  let doing = ''
  const show = startProgress(() => `${label}${doing === '' ? '' : `: ${doing}`} (${seconds()} s)`)
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const take = (line) => {
    kept.push(line)
    if (kept.length > MAX_KEPT_LINES) kept.shift()
    doing = describe(line) ?? doing
  }
  for (const stream of [child.stdout, child.stderr]) eachLine(stream, take)
  const code = await new Promise((resolve) => {
    child.once('error', (error) => (take(error.message), resolve(127)))
    child.once('close', (exit) => resolve(exit ?? 1))
  })
  show.stop(`${label}${code === 0 ? '' : ' failed'} (${seconds()} s)`)
  return { code, output: kept.join('\n'), seconds: seconds() }
}

/** Runs a command without a word. */
export function runQuietly(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const kept = []
    for (const stream of [child.stdout, child.stderr]) eachLine(stream, (line) => kept.push(line))
    child.once('error', (error) => resolve({ code: 127, output: error.message }))
    child.once('close', (exit) => resolve({ code: exit ?? 1, output: kept.join('\n') }))
  })
}

function startProgress(text) {
  const { isTTY, columns = 80 } = process.stderr
  const draw = () => process.stderr.write(isTTY ? `\r\u001B[2K${text().slice(0, columns - 1)}` : `${text()}\n`)
  draw()
  const timer = setInterval(draw, isTTY ? TERMINAL_LINE_MS : PLAIN_LINE_MS)
  return {
    stop(last) {
      clearInterval(timer)
      process.stderr.write(isTTY ? `\r\u001B[2K${last}\n` : `${last}\n`)
    },
  }
}

function eachLine(stream, take) {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk) => {
    const lines = (rest + chunk).split(/\r?\n/)
    rest = lines.pop() ?? ''
    lines.forEach((line) => take(line))
  })
  stream.on('end', () => rest !== '' && take(rest))
}
