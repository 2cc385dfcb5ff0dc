"""Command lines to put to the reader and to bash: ordinary ones, idioms of shells, and hostile ones.

``LINES`` are a few thousand: these, and each ordinary line spelled, joined and mixed in other ways.
"""

from __future__ import annotations

from itertools import product

from tests.shell.hostile_lines import HOSTILE

ORDINARY = r"""
ls
ls -la
ls -la src/ tests/
ls *.py
ls src/**/*.ts
pwd
cat README.md
cat src/main.py | head -50
head -n 20 pyproject.toml
tail -100 build.log
wc -l src/*.c
find . -name '*.py' -not -path './.venv/*'
find . -type f -name "*.test.ts" | head
find src \( -name '*.c' -o -name '*.h' \) -newer x
find . -maxdepth 2 -type d | sort | uniq -c | sort -rn | head -20
grep -rn "TODO" --include='*.py' .
grep -n 'def main' src/app.py
grep -E '^(import|from) ' -r src
grep -c . file.txt || true
rg -n "fn main\(" -g '*.rs'
rg --files | rg test
rg 'foo|bar' src tests 2>/dev/null
git status
git status --short
git status --porcelain=v1 2>/dev/null
git diff
git diff --stat HEAD~1
git diff HEAD~3..HEAD -- src/
git diff main...feature
git log --oneline -10
git log --format='%h %s' -n 5
git log --pretty=format:"%h - %an, %ar : %s" --graph
git show HEAD:src/main.py
git show HEAD^ --stat
git stash@{0}
git rev-parse @{u}
git blame -L 10,20 src/app.py
git branch --list
git branch -vv
git add -A && git commit -m "fix: the thing"
git commit -m 'feat(ui): say "hello", then wait; done'
git commit -m "it's done" --no-verify
git checkout -b feature/x-1
git push origin HEAD 2>&1
git push -u origin feature/x-1 2>&1 | tail -5
git fetch --all --prune
git rebase -i HEAD~3
git ls-files | wc -l
cd src && git status
cd /srv/project && npm test
cd sub; ls
npm test
npm run build 2>&1 | tail -20
npm run test -- --watch=false --coverage
npm install --save-dev typescript@5.4 @types/node
npx tsc --noEmit
pnpm -C packages/core test
yarn workspace @acme/core build
node -e 'console.log(process.version)'
node --version && npm --version
python -m pytest -q
python -m pytest tests/test_x.py::test_y[a-1] -x
python3 -c 'import sys; print(sys.version)'
python3 -c "print('a b')"
pytest -k "not slow and (a or b)" --maxfail=1
pytest tests/ -v --tb=short 2>&1 | tail -40
.venv/bin/python -m mypy src
./gradlew test --tests 'com.acme.*'
./configure --prefix=/usr/local CFLAGS=-O2
make -j8
make test 2>&1 | grep -i error | head
make -C build install DESTDIR=/tmp/x
cargo build --release
cargo test -- --nocapture
cargo clippy --all-targets -- -D warnings
go test ./...
go build -o bin/app ./cmd/app
go vet ./... && go test -run 'TestX/sub_case' ./pkg
docker ps -a --format '{{.Names}}'
docker compose up -d
docker run --rm -it -v /a:/b image:1.2 sh -c 'ls /'
kubectl get pods -n default -o jsonpath='{.items[*].metadata.name}'
curl -s https://example.com/api?x=1&y=2
curl -s 'https://example.com/api?x=1&y=2' | jq '.a[0]'
curl -sS -X POST -H 'Content-Type: application/json' -d '{"a": [1, 2]}' http://localhost:8080/x
jq -r '.scripts | keys[]' package.json
sed -n '10,20p' src/app.py
sed -i 's/foo/bar/g' src/app.py
awk '{print $1}' file.txt | sort -u
awk -F: 'NR==1 {print $2}' /etc/passwd
xargs -0 -n1 echo
find . -name '*.o' -print0 | xargs -0 rm -f
find . -name '*.py' -exec grep -l foo {} +
find . -name '*.py' -exec wc -l {} \;
tar czf out.tgz --exclude=node_modules .
mkdir -p a/b/c && touch a/b/c/d
cp -r src/ dst/
mv old\ name.txt new\ name.txt
rm -rf node_modules
chmod +x script.sh && ./script.sh
echo hello
echo "hello world"
echo 'single $HOME `x`'
echo -e 'a\nb'
printf '%s\n' a b c
test -f x && echo yes || echo no
[ -d src ] && ls src
[ "a" = 'b' ] || exit 1
true && false || true
which python3 node go
command -v git
type ls
env
date +%Y-%m-%d
sleep 1
timeout 30 npm test
timeout -k 5 30s make check
time make
nice -n 10 make -j4
nohup ./server >/dev/null 2>&1 &
python3 -m http.server 8000 &
ps aux | grep node
lsof -i :3000
kill -9 1234
du -sh * | sort -h
df -h
uname -a
id -un
stat -c '%s %n' file.txt
file bin/app
diff -u a.txt b.txt
sort -t, -k2,2n data.csv | uniq
cut -d' ' -f1 access.log
tr -d '\r' <in.txt
tee out.log
ls -la && echo --- && cat x; echo done
ls nonexistent 2>/dev/null || echo none
gh pr view 12 --json title,body
gh pr create --title "x: y" --body 'long text; with $signs and `ticks`'
terraform plan -var 'x=["a","b"]'
ssh host 'ls -la'
mysql -e 'select * from t where a="b"'
psql -c "select 1"
ruff check . && ruff format --check .
tsc -p tsconfig.json --outDir dist
eslint 'src/**/*.{ts,tsx}' --fix
prettier --check "src/**/*.{js,css}"
rustc --edition 2021 x.rs
g++ -std=c++20 -O2 -o x x.cpp
clang-format -i src/*.cc
convert a.png -resize 50% b.png
ffmpeg -i in.mp4 -vf scale=320:-1 out.gif
openssl x509 -in cert.pem -noout -text
cat <<'EOF'
base64 -d x.b64
git log --since='2 weeks ago' --author="A. B. <a@b.example>"
git log --grep 'fix(#12)' -- ':!vendor'
git diff --word-diff-regex='[^[:space:]]'
echo 100% done!
echo a=b c:d e,f g+h i@j k#l
cat 文件.txt
echo "naïve café ✓"
grep -r Zürich docs
""".strip().splitlines()

IDIOMS = r"""
x=1
x=1 ls
x=1; echo $x
echo $HOME
echo "${HOME}/x"
echo ${x:-y}
echo ${#x} ${x%.*} ${x//a/b}
echo $((1+2))
echo $(ls)
echo `ls`
echo "$(ls)"
echo "`ls`"
echo $'a\tb'
echo $"a"
echo {a,b} {1..3}
echo a{b,c}d
echo ~ ~/x ~root a=~ x:~
for x in a b; do ls; done
while true; do ls; done
until false; do ls; done
if ls; then pwd; fi
case x in x) ls;; esac
select x in a; do ls; done
f() { ls; }
function f { ls; }
(ls)
{ ls; }
! ls
[[ -f x ]]
((x=1))
let x=1
coproc ls
time ls
time -p ls
ls | time ls
ls > x
ls >> x
ls < x
ls 2> x
ls &> x
ls >& x
ls >| x
ls <> x
ls 3>&1
ls 2>&-
ls {fd}>/dev/null
ls <<E
ls <<<x
ls <(ls)
ls >(ls)
ls # comment
# comment
ls;# comment
echo a#b '#' \# "#"
echo '' "" ''""
echo a''b a""b ''a
echo 'a'"b"c\d
echo "a\"b" "a\\b" "a\$b"
echo 'a'\''b'
echo a\
echo \ a
echo \\ \; \| \& \< \> \( \) \$ \` \" \'
echo * ? [a] [!a] [a-z]* [[:alpha:]]
echo @(a|b) !(a) +(a)
echo \* '*' "*"
echo .* .??*
ls && pwd || id; id
ls &&
ls ||
ls |
| ls
&& ls
; ls
;
;;
ls ;; pwd
ls & pwd
ls &
ls & &
ls |& cat
ls && ! pwd
echo if then else fi do done in time { } ! [[ ]] case esac
'if' true
\if true
"time" ls
%1
-x
+x
= ls
a=b=c ls
ls a=b
a+=b
a[0]=b
export A=b
export "A=$(x)"
declare -a x=(1 2)
eval 'ls'
exec ls
. ./x
source x
trap 'ls' EXIT
set -- a b
shift
read x
unset x
printf -v x a
echo >/dev/null a
>/dev/null echo a
echo a >/dev/null b 2>&1 c
echo 2>/dev/null
echo 2 >/dev/null
echo x2>/dev/null
echo 2\>/dev/null
echo 2'>'/dev/null
echo >&2 a
echo a>&2
echo a 1>&2 </dev/null
echo >/dev/null/x
echo >/dev/nul
echo a&>/dev/null
echo 2&>/dev/null
""".strip().splitlines()

_INSERTED = (
    *("'", '"', "\\", "`", "$", "$x", "$(x)", "#", " #", "~", "{a,b}", "{}", "*", "[", "!", "=", "&"),
    *(";", "|", "\n", "\t", "\r", "\\\n", "''", '""', ">", ">/dev/null ", " 2>&1 ", "<", "(", ")", "é"),
)  # fmt: skip


def _respelled(line: str) -> list[str]:
    words = line.split(" ")
    first = words[0]
    rest = " ".join(words[1:])
    return [
        f"{first[:1]}''{first[1:]} {rest}",
        f"'{first}' {rest}",
        f"\\{line}",
        f"  {line}\t",
        f"{line} 'x y' \"z\" \\;",
        f"{line} >/dev/null 2>&1",
        f"{line}\n{line}",
    ]


def _all() -> list[str]:
    lines = [*ORDINARY, *IDIOMS, *HOSTILE]
    for line in ORDINARY:
        lines += _respelled(line)
    for index, (line, piece) in enumerate(product(ORDINARY, _INSERTED)):
        at = (index * 7) % (len(line) + 1)
        lines.append(line[:at] + piece + line[at:])
    for one, two in zip(ORDINARY, [*ORDINARY[40:], *ORDINARY[:40]], strict=True):
        lines += [f"{one} && {two}", f"{one} || {two}", f"{one}; {two}"]
    lines += [f"{one} | {two}" for one, two in zip(ORDINARY[::8], ORDINARY[1::8], strict=False)]
    return list(dict.fromkeys(lines))


LINES = _all()
