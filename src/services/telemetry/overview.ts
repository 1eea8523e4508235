import * as z from 'zod'
import type { JsonObject } from '../../model/json.ts'

const INVENTORY_CAPABILITY = 'analysis.inventory.v1'
/** Languages named; the others are counted together. */
const MAX_LANGUAGES = 4

const Counts = { files: z.number(), lines: z.number() }

const Inventory = z.object({
  files: z.number(),
  text: z.object(Counts),
  languages: z.array(z.object({ language: z.string(), ...Counts })),
  leftOut: z.record(z.string(), z.number()),
})

/** What was looked at, in sentences, from the output of the inventory; nothing from other outputs. */
export function overviewOf(capability: string, output: JsonObject | null): string[] {
  if (capability !== INVENTORY_CAPABILITY) return []
  const parsed = Inventory.safeParse(output)
  if (!parsed.success) return []
  const { files, text, languages, leftOut } = parsed.data
  if (text.files === 0) return [files === 0 ? 'There are no files to look at.' : `${counted(files, 'file')}, none of them text that people wrote.`]
  const out = Object.entries(leftOut).filter(([, count]) => count > 0)
  return [
    `${counted(text.files, 'file')} with ${counted(text.lines, 'line')}: ${shares(languages, text.lines)}.`,
    ...(out.length === 0 ? [] : [`Left out: ${out.map(([kind, count]) => `${grouped(count)} ${kind}`).join(', ')}.`]),
  ]
}

/** `1 file`, `1,204 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}

/** The languages with a share of at least 1 %, the largest four of them; the others are counted. */
function shares(languages: z.infer<typeof Inventory>['languages'], all: number): string {
  const percent = (lines: number): number => (all === 0 ? 0 : Math.round((100 * lines) / all))
  const named = languages.slice(0, MAX_LANGUAGES).filter(({ lines }, index) => index === 0 || percent(lines) >= 1)
  const rest = languages.length - named.length
  const others = rest === 0 ? '' : ` and ${counted(rest, 'other kind')} of text`
  return `${named.map(({ language, lines }) => `${language} ${percent(lines)} %`).join(', ')}${others}`
}

/** Thousands parted by commas, the same on every machine whatever its locale. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')
}
