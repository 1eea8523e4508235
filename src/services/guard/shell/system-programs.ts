import { grammar, judgeBy, type Judge, type ParsedArguments } from './grammar.ts'

const NAMES = { isHarmless: true, showsContents: false }
const TEXT = { operands: 'text', isHarmless: true } as const
const LS =
  'aAbBcCdfFgGhHiklLmnNopqQrRsStuUvxXZ1 ITw: --all --almost-all --author --escape --block-size: --ignore-backups --color? --directory --classify? --file-type --format: --full-time --group-directories-first --no-group --human-readable --si --dereference --dereference-command-line --hide: --hyperlink? --indicator-style: --inode --ignore: --kibibytes --numeric-uid-gid --literal --hide-control-chars --show-control-chars --quote-name --quoting-style: --reverse --recursive --size --sort: --time: --time-style: --tabsize: --width: --context --zero'
const PS =
  'AaCdeEfFgGhHjklLmMnNOrsSTuUvVwxXyZ cotpq: Opn: --forest --headers --no-headers --cols: --columns: --width: --rows: --lines: --sort: --format: --pid: --ppid: --user: --User: --group: --Group: --sid: --tty: --info'
const OPERAND_OF_PS = /^[A-Za-z0-9,._:%=+-]+$/

/** Programs that tell about files, processes and the machine, with the arguments that leave them readers. */
export const SYSTEM_PROGRAMS: readonly (readonly [string, Judge])[] = [
  ...['ls', 'dir', 'vdir'].map((name) => tells(name, LS, { ...NAMES, reads: '.' })),
  tells(
    'tree',
    'adfilqNQpugshDFrtUvcxACSnLJX LPIHT: --noreport --charset: --filelimit: --timefmt: --dirsfirst --filesfirst --prune --du --si --inodes --device --sort: --matchdirs --ignore-case --gitignore --metafirst --nolinks --hintro< --houtro< --info --fromfile --noreport --sort?',
    { showsContents: false, reads: '.' },
  ),
  tells(
    'du',
    'abcDhHklLmPsSx0 BdtX: --all --apparent-size --block-size: --bytes --total --dereference-args --max-depth: --human-readable --inodes --dereference --count-links --no-dereference --separate-dirs --si --summarize --threshold: --time? --time-style: --exclude: --exclude-from< --one-file-system --null',
    { ...NAMES, reads: '.' },
  ),
  tells(
    'df',
    'ahHiklmPTv Btx: --all --block-size: --total --human-readable --si --inodes --local --portability --print-type --type: --exclude-type: --output? --no-sync',
    NAMES,
  ),
  tells('stat', 'Lft c: --dereference --file-system --format: --printf: --terse --cached:', NAMES),
  tells(
    'file',
    'bhiLkNnrsv0 eF: P: --brief --dereference --no-dereference --exclude: --extension --separator: --mime --mime-type --mime-encoding --keep-going --no-buffer --no-pad --print0 --raw --special-files',
    { showsContents: false },
  ),
  tells('readlink', 'efmnqsvz --canonicalize --canonicalize-existing --canonicalize-missing --no-newline --quiet --silent --verbose --zero', NAMES),
  tells(
    'realpath',
    'emLPqsz --canonicalize-existing --canonicalize-missing --logical --physical --quiet --relative-to: --relative-base: --strip --no-symlinks --zero',
    NAMES,
  ),
  tells('basename', 'az s: --multiple --suffix: --zero', TEXT),
  tells('dirname', 'z --zero', TEXT),
  tells('pathchk', 'pP --portability', TEXT),
  tells('echo', 'neE', { ...TEXT, inOrder: true }),
  tells('printf', '', { operands: 'text', inOrder: true }, setsNothing),
  tells('seq', 'w fs: # --format: --separator: --equal-width', { operands: 'text' }),
  tells('expr', '', { operands: 'text', inOrder: true }),
  tells('factor', 'h --exponents', { operands: 'text' }),
  tells(
    'numfmt',
    'dz --from: --to: --suffix: --padding: --field: --format: --grouping --header? --delimiter: --zero-terminated --invalid: --round: --from-unit: --to-unit:',
    {
      operands: 'text',
    },
  ),
  tells('yes', '', { operands: 'text' }),
  tells('sleep', '', { operands: 'text' }),
  ...['true', 'false', ':'].map((name) => tells(name, '', TEXT)),
  tells('pwd', 'LP --logical --physical', { operands: 'text' }),
  tells('bc', 'hilqswv --interactive --mathlib --quiet --standard --warn', { max: 0 }),
  tells('which', 'as --all', TEXT),
  tells('whereis', 'bmsul', TEXT),
  tells('type', 'aftpP', TEXT),
  ...['apropos', 'whatis'].map((name) => tells(name, 'adelrw s: m: --exact --wildcard --and --long --section: --regex', { operands: 'text' })),
  tells('history', '', { operands: 'text', max: 1 }),
  tells('look', 'dfb t: --alphanum --alternative --ignore-case --terminate:', { operands: 'text', max: 2 }),
  tells('lsusb', 'tv s: d:', { operands: 'text', max: 0 }),
  tells('vmstat', 'adfmnstw S:', { operands: 'text', max: 2 }),
  tells('lsattr', 'adlpRv', { showsContents: false, reads: '.' }),
  tells('getfacl', 'acdenpRst', { showsContents: false }),
  tells('locate', 'cieAPpqwb nl: --count --ignore-case --existing --limit: --basename --wholename --quiet', { operands: 'text' }),
  tells('ps', PS, { ...TEXT, isHarmless: true }, ({ operands }) =>
    operands.filter(({ text }) => !OPERAND_OF_PS.test(text)).map(({ text }) => `ps ${text} is not known`),
  ),
  tells(
    'pgrep',
    'aciflLnovwxA dgGPrstuU: --list-name --list-full --full --count --newest --oldest --exact --inverse --delimiter: --euid: --uid: --parent: --group: --pgroup: --session: --terminal: --ignore-case --oldest',
    {
      operands: 'text',
    },
  ),
  tells('pidof', 'csx o:', { operands: 'text' }),
  tells(
    'pstree',
    'aAcgGlnNpsStTuUZh H: --arguments --ascii --compact-not --show-pids --show-parents --long --numeric-sort --uid-changes --unicode --hide-threads',
    {
      operands: 'text',
    },
  ),
  tells(
    'date',
    'uR d: fr< I? --date: --universal --utc --rfc-email --rfc-3339: --iso-8601? --reference< --file< --debug',
    { operands: 'text' },
    formatOnly,
  ),
  tells('cal', 'hjsyw13 ABdmn:', { operands: 'text' }),
  tells('id', 'agGnruzZ --context --group --groups --name --real --user --zero', TEXT),
  tells('groups', '', TEXT),
  tells('whoami', '', { operands: 'text', max: 0 }),
  tells('logname', '', { operands: 'text', max: 0 }),
  tells('tty', 's --silent --quiet', { operands: 'text', max: 0 }),
  tells('users', '', { operands: 'files' }),
  tells('who', 'abdHlmpqrstTuw --all --boot --dead --heading --login --process --count --runlevel --short --time --users --mesg', {
    operands: 'files',
    max: 2,
  }),
  tells('w', 'hsfoi u --no-header --short --old-style', { operands: 'text' }),
  tells('last', 'adFiwxR nstp: # --limit: --fulltimes --system', { operands: 'text' }),
  tells(
    'uname',
    'asnrvmpio --all --kernel-name --nodename --kernel-release --kernel-version --machine --processor --hardware-platform --operating-system',
    { operands: 'text', max: 0 },
  ),
  tells('arch', '', { operands: 'text', max: 0 }),
  tells('nproc', '--all --ignore:', { operands: 'text', max: 0 }),
  tells('uptime', 'ps --pretty --since', { operands: 'text', max: 0 }),
  tells('free', 'bkmghltvw --bytes --kibi --mebi --gibi --human --total --wide --lohi --si', { operands: 'text', max: 0 }),
  tells('hostname', 'I --all-ip-addresses', { operands: 'text', max: 0 }),
  tells('lscpu', 'aebcpxJ? --json --all --extended? --parse?', { operands: 'text', max: 0 }),
  tells('lsblk', 'abdDefiJlmnOpPrStTz o: --all --bytes --json --output: --paths --fs --list --noheadings', { operands: 'text' }),
  tells('lsmod', '', { operands: 'text', max: 0 }),
  tells('ipcs', 'aqmsptcluhb i: --all --queues --shmems --semaphores --limits --summary --human --bytes', { operands: 'text', max: 0 }),
  tells('locale', 'ackm --all-locales --charmaps --category-name --keyword-name', { operands: 'text' }),
  tells('printenv', '0 --null', { operands: 'text' }),
  tells('env', '0 --null', { operands: 'text', max: 0 }),
  tells('getconf', 'a', { operands: 'text' }),
  tells('mount', 'l --show-labels', { operands: 'text', max: 0 }),
  tells('umask', 'S', { operands: 'text', max: 0 }),
  tells('ulimit', 'aSHcdfnstuv', { operands: 'text', max: 0 }),
  tells('exit', '', { operands: 'text', max: 1 }),
]

function tells(
  name: string,
  flags: string,
  more: Parameters<typeof grammar>[2] = {},
  check?: Parameters<typeof judgeBy>[1],
): readonly [string, Judge] {
  return [name, judgeBy(grammar(name, flags, more), check)]
}

/** Bash sets the variable that `%n` names: `PATH`, say. */
function setsNothing({ operands }: ParsedArguments): readonly string[] {
  return /%[^%A-Za-z]*[hlLjztq]*n/.test(operands[0]?.text ?? '') ? ['printf sets a variable'] : []
}

/** An operand of `date` that is no format sets the clock. */
function formatOnly({ operands }: ParsedArguments): readonly string[] {
  return operands.every(({ text, kind }) => kind === 'static' && text.startsWith('+')) ? [] : ['date sets the clock']
}
