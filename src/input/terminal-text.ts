// Control, format, line and paragraph separators, private use, lone surrogates: what could move a cursor, hide text or reverse it. Then
// what is drawn as nothing at all, but for the two selectors that emoji need; and marks beyond the 30 on one letter that Unicode's stream-safe
// format (UAX #15) knows: they pile up over the lines around.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]|(?![\ufe0e\ufe0f])\p{Default_Ignorable_Code_Point}|\p{M}(?<=\p{M}{31})/gu

/** Untrusted text, safe to show: every control, format and invisible character but newline and tab is written as `\u{…}`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (char) => (char === '\n' || char === '\t' ? char : visible(char)))
}

/** JSON text, safe to show and equal when parsed: what JSON allows raw although a terminal could obey it is written as `\uXXXX`. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE, (char) =>
    char === '\n' ? char : Array.from({ length: char.length }, (_, at) => unicodeEscape(char.charCodeAt(at))).join(''),
  )
}

function unicodeEscape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}

/** `printable` on one line of at most `max` characters (code points); a cut is shown by `…`. */
export function oneLine(text: string, max = 200): string {
  // The slice bounds the work on huge texts; escapes only make it longer, so nothing that would be shown is lost.
  const flat = printable(
    text
      .slice(0, max * 4 + 4)
      .replace(/[ \t\r\n]+/g, ' ')
      .trim(),
  )
  const chars = [...flat]
  const cut = chars.length > max || text.length > max * 4 + 4
  return cut
    ? `${chars
        .slice(0, Math.max(0, max - 1))
        .join('')
        .trimEnd()}…`
    : flat
}

function visible(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
}
