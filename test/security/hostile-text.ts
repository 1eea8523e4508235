const ESC = '\u001b'

/** Text that does something to a terminal, or to whoever looks at one. Each has a word that can be found again. */
export const HOSTILE_TEXTS: readonly string[] = [
  `${ESC}[31mPWN red`,
  `${ESC}[1mPWN${ESC}[22m bold`,
  `${ESC}[2J${ESC}[HPWN clears the screen`,
  `${ESC}[3J PWN clears what was before`,
  `${ESC}[1A${ESC}[2KPWN writes over the line above`,
  `${ESC}[?1049h PWN other screen`,
  `${ESC}[?25l PWN no cursor`,
  `${ESC}[6n PWN asks for the place of the cursor`,
  `${ESC}[c PWN asks what it is`,
  `${ESC}[21t PWN asks for the title`,
  `${ESC}[5;7m PWN blinks`,
  `${ESC}[38;2;255;0;0mPWN true colour`,
  `${ESC}[200~PWN${ESC}[201~ pastes`,
  `${ESC}]0;PWN title${'\u0007'}`,
  `${ESC}]2;PWN title${ESC}\\`,
  `${ESC}]8;;https://evil.example/PWN${ESC}\\a link${ESC}]8;;${ESC}\\`,
  `${ESC}]52;c;UFdO${'\u0007'} PWN to the clipboard`,
  `${ESC}]4;0;rgb:00/00/00${'\u0007'} PWN colours`,
  `${ESC}]1337;File=inline=1:UFdO${'\u0007'} PWN`,
  `${ESC}P+q544e${ESC}\\ PWN device control`,
  `${ESC}_PWN application command${ESC}\\`,
  `${ESC}^PWN private message${ESC}\\`,
  `${ESC}c PWN resets`,
  `${ESC}7PWN${ESC}8`,
  `${ESC}(0PWN other letters`,
  `${ESC}#8PWN`,
  `${ESC}${ESC}[31m[2J PWN made by whoever strips`,
  `${ESC}[${ESC}[31m2J PWN made by whoever strips`,
  `${ESC}${ESC}[0m]0;PWN${'\u0007'}`,
  '\u009b31mPWN 8-bit control sequence',
  '\u009d0;PWN 8-bit title\u009c',
  '\u0090PWN\u009c',
  '\u0085PWN next line',
  'good\rPWN',
  'good\b\b\b\bPWN',
  'PWN\u007f\u007f',
  'PWN\u0000\u0001\u0005\u000e\u000f',
  'PWN\v\f down',
  'PWN\u0007\u0007 rings',
  'PWN\u001a\u0004\u0003',
  'a\nerror[OK]: PWN\nb',
  'PWN\u202etxt.exe',
  'PWN\u2066\u2067\u2068\u2069\u202a\u202b\u202d\u202c',
  'PWN\u200e\u200f\u061c',
  'P\u200bW\u200cN\u200d\u2060\ufeff PWN',
  'PWN\u00ad\u180e\u2061\u2062\u2063\u2064',
  'PWN\u{e0001}\u{e0041}\u{e007f} tags',
  'PWN\ufe00\ufe01\u{e0100}\u{e01ef} selectors',
  'PWN\u3164\u115f\u1160\uffa0\u034f fillers',
  'PWN\u2028line\u2029paragraph',
  'PWN\ufff9a\ufffab\ufffb',
  'PWN\ue000\uf8ff\u{f0000}\u{10fffd} private',
  'PWN\ud800 lone',
  'PWN\udc1b lone',
  `PWNe${'\u0301\u0316'.repeat(5_000)}`,
  `PWN${'\u0488'.repeat(2_000)}`,
  `PWN ${'漢'.repeat(5_000)}`,
  `PWN ${'👩‍👩‍👧'.repeat(500)}`,
  `PWN ${'\t'.repeat(3_000)}`,
  `PWN ${'x'.repeat(20_000)}`,
]

/** Texts without half a character: what is no Unicode becomes U+FFFD on its way to a file or another program. */
export const WHOLE_TEXTS = HOSTILE_TEXTS.filter((text) => !/\p{Cs}/u.test(text))

/** What is live in text that was written for a terminal: anything but letters, line breaks and tabs, or marks beyond what a letter carries. */
const LIVE = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]|(?![\ufe0e\ufe0f])\p{Default_Ignorable_Code_Point}|\p{M}{31}/u

/** The first thing that is live, with what is around it; null when there is nothing. */
export function liveIn(text: string): string | null {
  const found = LIVE.exec(text)
  return found === null ? null : JSON.stringify(text.slice(Math.max(0, found.index - 60), found.index + 20))
}
