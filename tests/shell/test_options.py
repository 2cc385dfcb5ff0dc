"""What a ``*`` covers, program by program: known-safe words, and nothing that is not known."""

from __future__ import annotations

import shlex

import pytest

from qwen_dual.shell.options import program_name, spelled
from qwen_dual.shell.reader import GLOB


def covered(line: str, fixed: int) -> bool:
    """``%`` at the beginning of a word makes it one that becomes names of files."""
    words = [GLOB + word[1:] if word.startswith("%") else word for word in shlex.split(line)]
    return all(0 < index < fixed for index in spelled(words))


@pytest.mark.parametrize(
    "line",
    [
        "git status -sb",
        "git log --oneline -5 --format=%h -- src",
        "git --no-pager diff --stat HEAD~1",
        "git show HEAD:README.md",
        "git branch -vv --list 'x*'",
        "git stash list",
        "git remote -v",
        "ls -la src",
        "ls %src/*.py",
        "sort -t, -k2,2n -r a",
        "find . -name '*.py' -not -path './.git/*'",
        "find src -type f -exec grep -n main {} +",
        "grep -rn --include=*.py x .",
        "grep -rn %--include=*.py x .",
        "rg -n -g '*.py' main src",
        "sed -n '1,20p;/x/p' f",
        "sed 's/a/b/g' f",
        "tar -tzf x.tgz",
        "pytest -q tests/a.py -k 'x and y'",
        "make test -j4",
        "python -V",
        "mytool --anything=at all",
        "mytool %src/*",
    ],
)
def test_a_star_behind_the_name_covers_what_is_known_to_be_safe(line: str) -> None:
    assert covered(line, 1)


@pytest.mark.parametrize(
    "line",
    [
        "git -c core.pager=x log",
        "git -ccore.pager=x log",
        "git -C x log",
        "git --exec-path=x log",
        "git --git-dir=x log",
        "git log --output=F",
        "git log --outpu=F",
        "git diff --ext-diff",
        "git log -O%x",
        "git grep -OCMD x",
        "git grep --open-files-in-pager=CMD x",
        "git bisect run CMD",
        "git rebase -x CMD HEAD~1",
        "git rebase main",
        "git commit -m x",
        "git submodule foreach CMD",
        "git difftool -y -x CMD",
        "git clone -u CMD x",
        "git archive -o F HEAD",
        "git config alias.x '!CMD'",
        "git branch new",
        "git branch -u x",
        "git tag v1",
        "git stash",
        "git remote add a b",
        "git symbolic-ref HEAD refs/heads/x",
        "git ls-remote ext::CMD",
        "git log --format=%G?",
        "git log --format=%+G?",
        "git show --pretty=format:x%-GK",
        "git stash list '--format=% GS'",
        "git for-each-ref '--format=%(signature:grade)'",
        "git branch '--format=%(*signature)'",
        "git help log",
        "git unknown",
        "git %*",
        "sort -oF a",
        "sort --output=F",
        "sort --compress-program=CMD a",
        "sort -T /x a",
        "sort --files0-from=F",
        "uniq a b",
        "uniq %*",
        "xxd -r a",
        "xxd a b",
        "find . -delete",
        "find . -exec CMD {} +",
        "find . -exec grep {} x ;",
        "find . -fprintf F x",
        "find . -ok ls ;",
        "find -L .",
        "find %*",
        "rg --pre=CMD x",
        "rg -z x",
        "rg -L x",
        "rg --hostname-bin=CMD x",
        "fd -x CMD",
        "fd -l x",
        "sed -i s/a/b/ f",
        "sed 'w F' f",
        "sed 's/a/b/w F' f",
        "sed 's/a/CMD/e' f",
        "sed e f",
        "sed -e p -e '1e CMD' f",
        "sed -f F f",
        "tree -o F",
        "tree -R -H x",
        "file -C -m F",
        "file -z f",
        "date -s tomorrow",
        "date 01010000",
        "hostname x",
        "strings @F",
        "wc --files0-from=F",
        "md5sum -c F",
        "tail -f f",
        "diff --to-file=x y",
        "diff -l a b",
        "column -t -J %*",
        "jq -n env",
        "jq -f F x",
        "jq '$ENV.KEY' x",
        "tar xf x",
        "tar -xf x",
        "tar -ICMD -tf x",
        "tar -tf host:x",
        "tar -tf x --checkpoint-action=exec=CMD",
        "tar -tf x --to-command=CMD",
        "tar --use-compress-program=CMD -tf x",
        "printf -v 'a[$(CMD)]' x",
        "printf %n 'a[$(CMD)]'",
        "test -v 'a[$(CMD)]'",
        "[ -R 'a[$(CMD)]' ]",
        "timeout 5 ls",
        "env X=1 ls",
        "xargs ls",
        "bash -c ls",
        "awk 1",
        "python -c 1",
        "python3.11 x.py",
        "node -e 1",
        "vim x",
        "ssh x",
        "gcc -fplugin=x y",
        "docker run x",
        "curl -o F x",
        "make test SHELL=./x",
        "make --eval=x",
        "make -f F",
        "npm run test --script-shell=CMD",
        "npm test -- '$(CMD)'",
        "npm exec x",
        "cargo --config x=y test",
        "cargo +./x test",
        "pytest -p x",
        "pytest -c F",
        "pytest @F",
        "pytest ../x",
        "pytest --basetemp=src",
        "mypy --python-executable=CMD",
        "mypy --install-types x",
        "ruff --config=x check",
        "mytool %*",
        "mytool %-*",
    ],
)
def test_a_star_behind_the_name_covers_nothing_else(line: str) -> None:
    assert not covered(line, 1)


@pytest.mark.parametrize(
    ("line", "fixed"),
    [
        ("git commit -m x", 2),
        ("git commit -am 'x' --amend --no-edit", 2),
        ("git commit --no-verify -m x", 3),
        ("git add -A", 2),
        ("git push -u origin feature/x", 2),
        ("git push", 2),
        ("git pull --rebase origin main", 2),
        ("git stash push -m x", 2),
        ("git stash pop", 2),
        ("git checkout -b x", 2),
        ("git branch -d x", 3),
        ("git merge --no-ff x", 2),
        ("git clone https://example.com/a/b.git", 2),
        ("git reset --soft HEAD~1", 2),
        ("npm run test -- src/a.test.js", 3),
        ("npm run build", 2),
        ("cargo test x -- --nocapture --test-threads=1", 2),
        ("go test ./... -run X -count=1", 2),
        ("python -m pytest -q", 3),
        ("python scripts/x.py --all", 2),
        ("docker ps", 2),
    ],
)
def test_a_rule_that_spells_the_beginning_covers_the_usual_rest(line: str, fixed: int) -> None:
    assert covered(line, fixed)


@pytest.mark.parametrize(
    ("line", "fixed"),
    [
        ("git commit -S -m x", 2),
        ("git commit --no-verify", 2),
        ("git push --force", 2),
        ("git push ./evil main", 2),
        ("git push ext::CMD main", 2),
        ("git push origin +main", 2),
        ("git push origin :main", 2),
        ("git push --receive-pack=CMD origin", 2),
        ("git fetch ./evil", 2),
        ("git fetch --upload-pack CMD", 2),
        ("git pull evil", 2),
        ("git merge -s evil x", 2),
        ("git rebase --exec CMD x", 2),
        ("git rebase -i x", 2),
        ("git clone ./evil x", 2),
        ("git clone https://example.com/.vscode", 2),
        ("git clone https://example.com/a ../x", 2),
        ("git clone --config core.fsmonitor=CMD https://example.com/a", 2),
        ("git reset --hard", 2),
        ("git checkout -f x", 2),
        ("git branch -D x", 2),
        ("git config x y", 2),
        ("git bisect run CMD", 2),
        ("git worktree add x", 2),
        ("npm run test -- --globalSetup=x", 3),
        ("npm run test '`CMD`'", 3),
        ("cargo test -- --logfile=F", 2),
        ("go test -exec CMD", 2),
        ("go build -toolexec CMD", 2),
        ("go test -o F", 2),
        ("python -m pytest -p x", 3),
        ("python -u x.py", 2),
        ("node -r ./x y.js", 3),
        ("find . -exec rm {} +", 3),
        ("docker run -v /:/x y", 2),
    ],
)
def test_a_rule_that_spells_the_beginning_covers_no_word_that_is_not_known(
    line: str, fixed: int
) -> None:
    assert not covered(line, fixed)


def test_a_program_is_known_by_whatever_path_and_version() -> None:
    for program in ("/usr/bin/python3.11", "python3", "pypy3"):
        assert spelled([program, "-c", "1"]) == {1, 2}
    assert spelled(["./git", "bisect", "run", "x"]) == {1, 2, 3}


def test_a_program_is_known_by_its_name_without_a_version_however_long_that_is() -> None:
    assert program_name("/usr/bin/python3.11") == "python"
    assert program_name("python" + "3." * 100_000) == "python"
    long = "3." * 100_000 + "x"
    assert program_name(long) == long
