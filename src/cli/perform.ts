import { resolve } from 'node:path'
import type { Controller, RunReader } from '../controller.types.ts'
import { ControllerError } from '../errors.ts'
import type { Command, Context, Typed } from './command.ts'
import { isPolicyPath, loadSettings, refuseProblems, type Loaded } from './config.ts'
import type { ExitCode } from './exit-code.ts'
import { faultOf, faultRecord, faultText } from './fault.ts'
import { programOf } from './invocation.ts'
import { tolerateClosedPipes, type Io } from './io.ts'
import { openController, openReader } from './open-controller.ts'
import { jsonLine } from './output/ndjson.ts'
import { createPalette, wantsColor } from './output/palette.ts'
import { shown } from './output/shown.ts'

/** How a command takes its settings. */
export interface How {
  /** The options of the command that are settings. */
  readonly settings: readonly string[]
  /** The command itself says what is wrong with the settings, together with other things. */
  readonly judgesSettings?: boolean
}

/** Runs one command from typed words to exit code. Never throws: what goes wrong is shown, and coded. */
export async function perform(io: Io, command: Command, typed: Typed, how: How): Promise<ExitCode> {
  let json = typed.options['json'] === true
  const opened: Opened = { controller: null, runs: null }
  const closed = watchOutput(io)
  try {
    const loaded = await loadSettings({
      options: settingOptions(typed.options, how.settings),
      env: io.env,
      cwd: io.cwd,
      configFile: stringOf(typed.options['config']),
    })
    json = loaded.settings.json
    if (how.judgesSettings !== true) refuseProblems(loaded.problems)
    return await command(createContext(io, loaded, opened, closed, stringOf(typed.options['config'])), typed)
  } catch (error) {
    return show(io, error, json)
  } finally {
    await Promise.all([opened.controller, opened.runs].map(async (opening) => (await opening?.catch(() => null))?.close()))
  }
}

/** Shows why a command line was refused before any command ran. */
export async function refuse(io: Io, error: unknown): Promise<ExitCode> {
  const end = io.argv.indexOf('--')
  const json = (end === -1 ? io.argv : io.argv.slice(0, end)).includes('--json')
  watchOutput(io)
  return show(io, usageError(error), json)
}

function usageError(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('commander.'))) return error
  if (error.code === 'commander.help')
    return new ControllerError('USAGE', 'No command was given.', { hint: 'Run `planner-exec --help` for the list, or `planner-exec run` to begin.' })
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n')
  const message = [first, ...rest]
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ')
  const quotes = error.code === 'commander.excessArguments' ? { hint: 'Put a goal of several words in quotes.' } : {}
  return new ControllerError('USAGE', message, quotes)
}

function show(io: Io, error: unknown, json: boolean): ExitCode {
  const fault = faultOf(error)
  if (json) io.stdout.write(jsonLine(faultRecord(fault)))
  io.stderr.write(faultText(fault, { debug: io.env['PLANNER_EXEC_DEBUG'] === '1' }))
  return fault.exitCode
}

function createContext(io: Io, loaded: Loaded, opened: Opened, closed: Closed, configFile: string | undefined): Context {
  const { settings } = loaded
  const location = locationOf(loaded, io.cwd, configFile)
  const isStyled = wantsColor(io.env, io.stdout.isTTY === true)
  return {
    io,
    settings,
    loaded,
    invocation: { program: programOf(io), location },
    palette: createPalette(isStyled),
    debug: io.env['PLANNER_EXEC_DEBUG'] === '1',
    print: (lines) => {
      if (!closed.is && lines.length > 0) io.stdout.write(`${shown(lines.join('\n'), isStyled)}\n`)
    },
    record: (value) => {
      if (!closed.is) io.stdout.write(jsonLine(value))
    },
    note: (text) => void io.stderr.write(`${shown(text, isStyled)}\n`),
    controller: () => (opened.controller ??= openController(settings, io.cwd)),
    runs: () => (opened.runs ??= openReader(settings, io.cwd)),
    onClosed: (listener) => {
      if (closed.is) listener()
      else closed.listeners.push(listener)
    },
  }
}

/** What the command has opened, to be closed when it ends. */
interface Opened {
  controller: Promise<Controller> | null
  runs: Promise<RunReader> | null
}

interface Closed {
  is: boolean
  readonly listeners: (() => void)[]
}

function watchOutput(io: Io): Closed {
  const closed: Closed = { is: false, listeners: [] }
  tolerateClosedPipes(io, () => {
    closed.is = true
    for (const listener of closed.listeners) listener()
  })
  return closed
}

/**
 * The options that another terminal in this folder needs to find the same runs, and to go on with them under the same policy.
 * Environment and the user's own configuration reach it anyway.
 */
function locationOf(loaded: Loaded, cwd: string, configFile: string | undefined): string[] {
  const typed = (['workspace', 'state', 'policy'] as const).flatMap((key) => {
    const value = loaded.settings[key]
    if (loaded.origins.get(key)?.kind !== 'option' || value === undefined) return []
    return [`--${key}`, key === 'policy' && !isPolicyPath(value) ? value : resolve(cwd, value)]
  })
  return configFile === undefined ? typed : [...typed, '--config', resolve(cwd, configFile)]
}

/** Options that are settings, under the settings' names. */
function settingOptions(options: Typed['options'], names: readonly string[]): Record<string, unknown> {
  const given = Object.fromEntries(names.map((name) => [name, options[name]]))
  return {
    ...given,
    ...(options['nonInteractive'] === true && names.includes('interactive') ? { interactive: false } : {}),
    ...(Array.isArray(given['context']) ? { context: contextOf(given['context'].map(String)) } : {}),
    verbosity: verbosityOf(options),
  }
}

/** `KEY=VALUE` pairs; what has no key stays as it is, to be refused with its place. */
function contextOf(pairs: readonly string[]): unknown {
  const split = pairs.map((pair) => [pair.slice(0, Math.max(0, pair.indexOf('='))), pair.slice(pair.indexOf('=') + 1)] as const)
  return split.every(([key]) => key !== '') ? Object.fromEntries(split) : pairs
}

function verbosityOf(options: Typed['options']): string | undefined {
  if (options['quiet'] === true) return 'quiet'
  if (typeof options['verbose'] !== 'number') return undefined
  return options['verbose'] > 1 ? 'debug' : 'verbose'
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
