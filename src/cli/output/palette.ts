import { styleText } from 'node:util'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan' | 'magenta'
/** Gives text a style, or leaves it as it is. */
export type Palette = (style: Style | null, text: string) => string

/** Whether to colour: FORCE_COLOR wins over NO_COLOR (as in Node), both over what the stream is. */
export function wantsColor(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  const refused = env['NO_COLOR']
  if (refused !== undefined && refused !== '') return false
  return isTerminal && env['TERM'] !== 'dumb'
}

/** A palette that styles, or one that does not. */
export function createPalette(enabled: boolean): Palette {
  if (!enabled) return (_style, text) => text
  // The stream is not asked again (Node 22 would look at standard output): `wantsColor` has decided.
  return (style, text) => (style === null ? text : styleText(style, text, { validateStream: false }))
}
