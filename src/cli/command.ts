import type { Controller, RunReader } from '../controller.types.ts'
import type { Loaded } from './config.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation } from './invocation.ts'
import type { Io } from './io.ts'
import type { Palette } from './output/palette.ts'
import type { Settings } from './settings.ts'

/** What every command gets. */
export interface Context {
  readonly io: Io
  readonly settings: Settings
  readonly loaded: Loaded
  readonly invocation: Invocation
  /** For standard output. */
  readonly palette: Palette
  readonly debug: boolean
  /** Lines for a person, on standard output; the caller has escaped them. */
  print(lines: readonly string[]): void
  /** One record of `--json`. */
  record(value: Record<string, unknown>): void
  /** Something a person should know that is not the answer, on standard error. */
  note(text: string): void
  /** The controller of this invocation, made at the first call and closed when the command ends. */
  controller(): Promise<Controller>
  /** The runs of the store, for commands that run nothing themselves: opened faster. */
  runs(): Promise<RunReader>
  /** Calls back once when standard output has lost its reader. */
  onClosed(listener: () => void): void
}

/** What was typed after the command's name. */
export interface Typed {
  /** The command's own name: `approve`. */
  readonly command: string
  readonly args: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
}

/** A command: does what was asked and says how the process ends. */
export type Command = (context: Context, typed: Typed) => Promise<ExitCode>

/** An option's text, or undefined when it was not given. */
export function textOption(typed: Typed, name: string): string | undefined {
  const value = typed.options[name]
  return typeof value === 'string' ? value : undefined
}

/** The texts of a repeatable option. */
export function listOption(typed: Typed, name: string): readonly string[] {
  const value = typed.options[name]
  return Array.isArray(value) ? value.map(String) : []
}
