import { readFileSync } from 'node:fs'
import { scriptFacts } from '../../../../src/services/guard/shell/facts.ts'

/** Commands that people wrote, of all kinds. */
export const WRITTEN = readFileSync(new URL('../../../fixtures/nl2bash/nl2bash-dev.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')

export const WRITTEN_READ_ONLY = WRITTEN.filter((line) => scriptFacts(line).readOnly)

/** Commands that only read, at least one for each program that has forms which do not. */
export const READ_ONLY: readonly string[] = String.raw`
ls
ls -la --color=auto --group-directories-first . a.py
/usr/bin/ls -l
/bin/cat -- file
cat file file1 2>/dev/null
cat < file
cat *
ls -- *
cat *.txt *.py | sort -u | uniq -c | sort -rn -k1,1 | head -5
head -n5 -q file | tail -n +2
tail -20 file
wc -l --words *.py
nl -ba file
cut -d: -f1,3- --output-delimiter=x file
tr -d '[:digit:]' < file
tr [:upper:] [:lower:] < file
sort -t, -k2,2n data.csv
sort a*
sort --reverse --unique --parallel=2 -S 1M file
uniq -c -w 3 file
comm -12 <(sort file) <(sort file1)
diff -u --label=x file file1
diff -rq . sub
cmp -l file file1
join -1 1 -2 2 file file1
paste -sd, file
od -An -tx1 -w8 file
xxd -l 16 file
hexdump -C file
strings -n 8 file
base64 -w0 file
sha256sum file file1
md5sum *
grep -rn --include='*.py' -e def -e class .
grep -RIl TODO
grep -E 'a|b' *
egrep -o '[0-9]+' data.csv
rg -n --glob '*.ts' foo
jq -r '.a[] | select(.b > 1) | .c' file
awk '{print $1, $NF}' file
awk -F, 'NR > 1 && $2 >= 3 { s += $2; n++ } END { if (n) printf "%.2f\n", s / n }' data.csv
awk 'BEGIN { x = (3 > 2) ? 1 : 0; print x }'
awk '/a|b/ && !/[[:space:]]c/ { gsub(/\//, "-"); print length($0) }' file
awk -v n=2 'NR==n' file
awk '{print ($1 > 2)}' data.csv
sed -n '2,5p' file
sed -e 's/a/b/g' -e '/^#/d;$!N' file
sed -E 's#(a|b)/#\1-#gI; s,x,y,2p; 10q' file
sed -n '/a/,/b/{=;p}' file
sed ':a;s/^\(\s*\)x/\1y/;ta' file
sed '/x/a new text' file
sed 'y/abc/xyz/' file
sed '0~3d;1,+2d;$d;/x/I!d' file
sed -n '$=' file
find . -name '*.py' -not -path './sub/*' -type f -size -1M -mtime -7 -printf '%p\n'
find -L . sub -maxdepth 2 \( -name a -o -name b \) -prune -o -print0
find . -newer file -newermt '2020-01-01' -ls
find . -name *.py
find . -iname file*
find *.py -maxdepth 0
find . -name x*
find . -type f | xargs grep -n foo
find . -print0 | xargs -0 -n 1 ls -ld
find . | xargs -I{} echo {}
find . -type f -print0 | xargs -0 -r md5sum | sort
xargs -a file
tree -a -L 2 -I node_modules
du -sh --exclude=x sub
df -hT
stat -c '%n %s' file
file -b --mime-type file
readlink -f file
realpath --relative-to=. sub
basename a/b .b
dirname a/b
echo -n 'rm -rf /' "a b" \; \$x
echo a{1..3}b
printf '%s\n' a b
seq -w 1 10
date +%s
date -u -d '2 days ago' '+%F %T'
date -r file
cal -3
expr 1 + 2
true
test -f file -a ! -d file
[ -s file ] && echo yes
[ file -nt file1 ] || echo older
if [ -d sub ]; then ls sub; else echo none; fi
! grep -q x file
(ls; pwd) | cat
{ ls sub; ls; } 2>&1 | wc -l
ls sub && cat file || echo none
cd sub && cat inner
set -euo pipefail; cat file | wc -l
ls 2>/dev/null >&2
ls &>/dev/null
ls |& cat
cat <<'E'
$(rm x) $HOME
E
cat <<< 'text'
ls # $(rm x)
env
printenv PATH
id -un
whoami
uname -a
uptime -p
free -m
nproc
hostname
ps aux
ps -eo pid,cmd --sort=-rss
pgrep -fl x
pstree -p
who -b
which -a ls
command -v ls
type ls
git --version
git rev-parse --show-toplevel
git branch --show-current
git remote -v
git config --get user.name
zcat a.gz
gzip -dc a.gz
gzip -l a.gz
gunzip -c a.gz
ip -br addr
ip addr show dev eth0
ifconfig eth0
mount
umask
ulimit -n
python3 --version
shopt -s nullglob
getent passwd root
history | tail
sleep 0
factor 12
numfmt --to=iec 1000
shuf -n 2 file
tac file | rev | fold -w 10 | fmt -w 5 | expand -t4 | column -t
iconv -f utf8 -t latin1 file
bc <<< '1+1'
cat ~/x
ls ~
`
  .trim()
  .split('\n')
  .reduce<string[]>((lines, line) => {
    // The body of the one here-document above.
    const isBody = lines.at(-1)?.startsWith('cat <<') === true && /<<'E'(?:\n.*)*$/.test(lines.at(-1) ?? '') && !lines.at(-1)?.endsWith('\nE')
    return isBody ? [...lines.slice(0, -1), `${lines.at(-1)}\n${line}`] : [...lines, line]
  }, [])
