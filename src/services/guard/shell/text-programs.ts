import { grammar, judgeBy, refused, type Judge, type Judgement } from './grammar.ts'
import type { ShellWord } from './words.ts'

const HARMLESS = { isHarmless: true }
const PATTERN = { operands: 'pattern', isHarmless: true } as const
const GREP =
  'EFGPiyvwxclLqsobnHhTUzaIrR e: f< mABCd: D: # --extended-regexp --fixed-strings --basic-regexp --perl-regexp --regexp: --file< --ignore-case --no-ignore-case --invert-match --word-regexp --line-regexp --count --color? --colour? --files-without-match --files-with-matches --max-count: --only-matching --quiet --silent --no-messages --byte-offset --with-filename --no-filename --label: --line-number --initial-tab --null --after-context: --before-context: --context: --text --binary-files: --devices: --directories: --exclude: --exclude-from< --exclude-dir: --include: --recursive --dereference-recursive --line-buffered --null-data --binary'
const RG =
  'FisSvwxclnNHIopqUaLuPhV0 e: f< gtTABCmdjEMr: --files --fixed-strings --ignore-case --case-sensitive --smart-case --invert-match --word-regexp --line-regexp --count --count-matches --files-with-matches --files-without-match --line-number --no-line-number --with-filename --no-filename --only-matching --quiet --multiline --text --follow --hidden --no-ignore --no-ignore-vcs --no-config --no-heading --heading --json --null --pcre2 --sort: --sortr: --stats --trim --vimgrep --column --color: --colors: --context: --after-context: --before-context: --glob: --iglob: --type: --type-not: --type-list --max-count: --max-depth: --max-filesize: --max-columns: --threads: --encoding: --regexp: --file< --replace: --passthru --debug --no-messages'
const SUM = 'btz --binary --text --tag --zero'
const DIFF =
  'qsabBiwtNrydeEZTnucp C: U: F: D: I: W: S: x: X< # --brief --report-identical-files --unified? --context? --side-by-side --width: --recursive --new-file --text --ignore-case --ignore-all-space --ignore-space-change --ignore-blank-lines --ignore-tab-expansion --ignore-trailing-space --ignore-matching-lines: --exclude: --exclude-from< --minimal --color? --suppress-common-lines --left-column --expand-tabs --initial-tab --label: --no-dereference --strip-trailing-cr --normal --ed --rcs --speed-large-files --old-line-format: --new-line-format: --unchanged-line-format: --line-format: --old-group-format: --new-group-format: --unchanged-group-format: --changed-group-format:'

/** Programs that show, cut and compare text, with the arguments that leave them readers. */
export const TEXT_PROGRAMS: readonly (readonly [string, Judge])[] = [
  reads('cat', 'AbeEnstTuv --show-all --number-nonblank --show-ends --number --squeeze-blank --show-tabs --show-nonprinting', HARMLESS),
  reads('tac', 'br s: --before --regex --separator:', HARMLESS),
  reads('rev', '0 --zero', HARMLESS),
  reads('head', 'qvz cn: # --bytes: --lines: --quiet --silent --verbose --zero-terminated', HARMLESS),
  reads('tail', 'qvz cn: # --bytes: --lines: --quiet --silent --verbose --zero-terminated', HARMLESS),
  reads('wc', 'cmlLw --bytes --chars --lines --max-line-length --words --total:', { ...HARMLESS, showsContents: false }),
  reads(
    'nl',
    'p bdfhilnsvw: --no-renumber --body-numbering: --number-format: --number-width: --number-separator: --starting-line-number: --line-increment:',
    HARMLESS,
  ),
  reads(
    'cut',
    'nsz bcdf: --bytes: --characters: --delimiter: --fields: --complement --only-delimited --output-delimiter: --zero-terminated',
    HARMLESS,
  ),
  reads('paste', 'sz d: --delimiters: --serial --zero-terminated', HARMLESS),
  reads('join', 'iz aejotv12: --ignore-case --check-order --nocheck-order --header --zero-terminated', HARMLESS),
  reads('comm', '123z --check-order --nocheck-order --output-delimiter: --total --zero-terminated', HARMLESS),
  reads('fold', 'bs w: # --bytes --spaces --width:', HARMLESS),
  reads('fmt', 'cstu pwg: # --crown-margin --split-only --tagged-paragraph --uniform-spacing --prefix: --width: --goal:', HARMLESS),
  reads('expand', 'i t: # --initial --tabs:', HARMLESS),
  reads('unexpand', 'a t: --all --first-only --tabs:', HARMLESS),
  reads(
    'column',
    'tLnxJe csodHNRTEWOilrpCm: --table --separator: --output-separator: --fillrows --columns: --output-width: --keep-empty-lines --json --table-columns: --table-right: --table-hide:',
    HARMLESS,
  ),
  reads(
    'pr',
    'abcdefFJmnrtTv hlowDNsSWein? # --columns: --double-space --header: --length: --merge --omit-header --omit-pagination --width:',
    HARMLESS,
  ),
  reads(
    'od',
    'abcdfhilosvx AjNSt: w? --address-radix: --format: --read-bytes: --skip-bytes: --output-duplicates --width? --strings? --traditional',
    HARMLESS,
  ),
  reads('hexdump', 'bcCdovx e: ns: f< --canonical --length: --skip: --no-squeezing', HARMLESS),
  reads('hd', 'v ns:', HARMLESS),
  ['xxd', judgeXxd],
  reads('strings', 'afow neTtsS: --all --bytes: --encoding: --radix: --print-file-name'),
  reads('base64', 'di w: --decode --ignore-garbage --wrap:', HARMLESS),
  reads('base32', 'di w: --decode --ignore-garbage --wrap:', HARMLESS),
  ...['md5sum', 'sha1sum', 'sha224sum', 'sha256sum', 'sha384sum', 'sha512sum'].map((name) => reads(name, SUM, { ...HARMLESS, showsContents: false })),
  reads('b2sum', `${SUM} l: --length:`, { ...HARMLESS, showsContents: false }),
  reads('cksum', 'z a: l: --algorithm: --length: --raw --base64 --untagged --tag --zero', { ...HARMLESS, showsContents: false }),
  reads('sum', 'rs --sysv', { ...HARMLESS, showsContents: false }),
  reads('cmp', 'bls in: --print-bytes --verbose --quiet --silent --ignore-initial: --bytes:', HARMLESS),
  reads('diff', DIFF, { opensFolders: true }),
  reads('tr', 'cCdst --complement --delete --squeeze-repeats --truncate-set1', { ...HARMLESS, operands: 'text' }),
  reads(
    'sort',
    'bdfghiMnRrVcCmsuz kt: S: --ignore-leading-blanks --dictionary-order --ignore-case --general-numeric-sort --ignore-nonprinting --month-sort --human-numeric-sort --numeric-sort --random-sort --random-source< --reverse --sort: --version-sort --check? --key: --merge --stable --buffer-size: --field-separator: --unique --zero-terminated --parallel: --batch-size: --debug',
  ),
  reads(
    'uniq',
    'cdDiuz fsw: --count --repeated --all-repeated? --group? --skip-fields: --ignore-case --skip-chars: --unique --zero-terminated --check-chars:',
    { max: 1 },
  ),
  reads('shuf', 'erz i: n: --echo --input-range: --head-count: --repeat --zero-terminated --random-source<'),
  reads('tsort', ''),
  reads('iconv', 'lcs ft: --from-code: --to-code: --list'),
  reads(
    'jq',
    'acCejMnrRsS --ascii-output --compact-output --color-output --exit-status --join-output --monochrome-output --null-input --raw-output --raw-input --slurp --sort-keys --tab --indent: --stream --seq --unbuffered',
    {
      operands: 'pattern',
    },
    ({ operands }) =>
      /\b(?:import|include|input_filename|modulemeta|get_search_list)\b/.test(operands[0]?.text ?? '') ? ['jq reads other programs'] : [],
  ),
  ...['grep', 'egrep', 'fgrep'].map((name) =>
    reads(name, GREP, { ...PATTERN, descends: new Set(['r', 'R', 'd', '--recursive', '--dereference-recursive', '--directories']) }),
  ),
  reads('rg', RG, { operands: 'pattern', reads: '.', opensFolders: true }),
  ...['zcat', 'bzcat', 'xzcat', 'lzcat', 'zstdcat'].map((name) => reads(name, '')),
  ...['gzip', 'bzip2', 'xz'].map((name) => unpacks(name, 'cdfklqtv #')),
  ...['gunzip', 'bunzip2', 'unxz'].map((name) => unpacks(name, 'cfklqtv')),
]

const XXD = grammar('xxd', 'abCeEipru cglos:', { max: 1, inOrder: true })

/** `xxd IN OUT` writes, and it takes `-ps` for a flag of its own and not for two: so only flags of one letter count. */
function judgeXxd(args: readonly ShellWord[]): Judgement {
  const odd = args.find(({ text }) => text.startsWith('-') && !/^-(?:[abCeEipru]|[cglos]\d*)$/.test(text))
  return odd === undefined ? judgeBy(XXD)(args) : refused(`xxd ${odd.text} is not known to only read`)
}

function reads(
  name: string,
  flags: string,
  more: Parameters<typeof grammar>[2] = {},
  check?: Parameters<typeof judgeBy>[1],
): readonly [string, Judge] {
  return [name, judgeBy(grammar(name, flags, more), check)]
}

/** Packers replace the files they are given, unless they write to their output or only look. */
function unpacks(name: string, flags: string): readonly [string, Judge] {
  return reads(name, `${flags} --stdout --to-stdout --decompress --list --test --quiet --verbose`, {}, ({ flags: given, operands }) => {
    const onlyReads = given.some((flag) => ['c', 'l', 't', '--stdout', '--to-stdout', '--list', '--test'].includes(flag.name))
    // Of `-t` and `-d` the last one counts, but for gzip; `-l` is not theirs, or has files to itself.
    const names = new Set(given.map((flag) => flag.name))
    const isLost =
      name !== 'gzip' && name !== 'gunzip' && ['l', '--list', ...(writesOut(names) ? [] : ['d', '--decompress'])].some((flag) => names.has(flag))
    return (onlyReads && !isLost) || operands.length === 0 ? [] : [`${name} replaces its files`]
  })
}

function writesOut(names: ReadonlySet<string>): boolean {
  return ['c', '--stdout', '--to-stdout'].some((flag) => names.has(flag))
}
