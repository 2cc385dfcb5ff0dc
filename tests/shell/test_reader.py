"""The strict reader: what it takes, word by word, and all that it does not."""

from __future__ import annotations

import time

import pytest

from qwen_dual.shell.reader import GLOB, MAX_WORD_CHARS, Line, Simple, read


def words(line: str) -> list[tuple[str, ...]] | None:
    found = read(line)
    return None if found is None else [command.words for command in found.commands]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("git status", ["git", "status"]),
        ("  git\t status \n", ["git", "status"]),
        ("git commit -m 'a; b $(c) `d` \\ \"e\"'", ["git", "commit", "-m", "a; b $(c) `d` \\ \"e\""]),
        ('echo "a; b (c) {d,e} * ~ # \'f\' !"', ["echo", "a; b (c) {d,e} * ~ # 'f' !"]),
        ("echo '' \"\"", ["echo", "", ""]),
        ("g'i'\"t\" st\\atus", ["git", "status"]),
        ("find . \\( -name '*.py' \\) -exec ls {} \\;", ["find", ".", "(", "-name", "*.py", ")", "-exec", "ls", "{}", ";"]),
        ("git ''\\-c core.fsmonitor=x status", ["git", "-c", "core.fsmonitor=x", "status"]),
        ("git diff HEAD~1 @~2 v1^ a^! @{u} stash@{0}", ["git", "diff", "HEAD~1", "@~2", "v1^", "a^!", "@{u}", "stash@{0}"]),
        ("echo a#b x=1 a,b 100% !x ]", ["echo", "a#b", "x=1", "a,b", "100%", "!x", "]"]),
        ('find . "-e"\\xec', ["find", ".", "-exec"]),
        ("[ -f x ]", ["[", "-f", "x", "]"]),
        ("cat 文件.txt \"naïve café\"", ["cat", "文件.txt", "naïve café"]),
        ("time git log", ["git", "log"]),
        ("./time -a", ["./time", "-a"]),
        ("sort a -o2 >/dev/null", ["sort", "a", "-o2"]),
        ("ls x >/dev/null 2>&1 </dev/null 2> /dev/null y >&2", ["ls", "x", "y"]),
        ("ls &>/dev/null", ["ls"]),
        ("ls *.py", ["ls", GLOB + "*.py"]),
        ("ls 'a b'/x?", ["ls", GLOB + "a b/x?"]),
    ],
)  # fmt: skip
def test_the_words_of_one_command(line: str, expected: list[str]) -> None:
    assert words(line) == [tuple(expected)]


def test_the_commands_of_a_line_and_what_joins_them() -> None:
    assert read("a; b && c ||\n\n d | e\n\nf &\n") == Line(
        (
            Simple(("a",)),
            Simple(("b",), ";"),
            Simple(("c",), "&&"),
            Simple(("d",), "||"),
            Simple(("e",), "|"),
            Simple(("f",), ";"),
        ),
        background=True,
    )


@pytest.mark.parametrize(
    "line",
    [
        *("", " ", "\n", ";", "&", "ls;;", "ls;;ls", "ls &&", "ls |", "ls && ;", "; ls", "&& ls"),
        *("ls\n;ls", "ls\n|ls", "ls & ls", "ls &; ls", "ls & &", "ls |& cat", "ls;& ls", "ls\n&&ls"),
        *("$x", "echo $x", 'echo "$x"', "echo ${x}", "echo $(ls)", "echo `ls`", 'echo "`ls`"'),
        *("echo $'a'", 'echo $"a"', "echo $((1))", "echo $[1]", 'echo "a\\b"', 'echo "\\$(ls)"'),
        *("echo 'a", 'echo "a', "echo a\\", "ls x\\\n#;CMD", "echo 'a\nb'", 'echo "a\tb"'),
        *("ls # x", "# x", "ls;#x", "ls\n#x", "#", "(ls)", "{ ls; }", "ls ()", "f() { ls; }"),
        *("x=1", "x=1 ls", "x+=1 ls", "x[1]=2 ls", "'x'=1 ls", "ls; x=1", "time x=1 ls"),
        *("if true", "! ls", "while ls", "for x in a", "case x in", "[[ x ]]", "coproc ls"),
        *("function f", "then", "done", "}", "{", "select x", "\\if x", "'if' x", "ls | ! cat", "ls | time cat", "'time' -o x ls"),
        *("time", "time\nls", "time -p ls", "time -a ls", "time -- ls", "time time ls", "time ;ls"),
        *("time >/dev/null ls", ">/dev/null ls", "2>&1 ls", ">/dev/null", "ls; >/dev/null"),
        *("ls > x", "ls >x", "ls >> x", "ls < x", "ls <x", "ls <<E\nE", "ls <<<x", "ls <(ls)"),
        *("ls 2>x", "ls >|/dev/null", "ls <>/dev/null", "ls >/dev/nullx", "ls >/dev/null/../x"),
        *("ls >'/dev/null'", "ls 3>/dev/null", "ls >&3", "ls 2>&-", "ls {x}>/dev/null", "ls {x}>&1"),
        *("sort a -o2>/dev/null", "echo 12>/dev/null", "ls x>/dev/null", "ls 2>&1x", "ls &>>/dev/null"),
        *("ls {a,b}", "ls {1..3}", "git log {--output=F,-1}", "ls a{b", "ls a}", "ls {a{b},c}", "ls {a b}"),
        *("ls ~", "ls ~/x", "ls ~root", "ls a=~", "ls a:~", "ls --x=~/y", "ls a\\=~", "ls ''~"),
        *("%1", "%%", "-x", "--", "+x", "*", "l?", "[a]s", "''", "'' ls", "'a b'", "a,b", "ls\\ x"),
        *("ls .*", "ls .[a-z]*", "ls x/.?", "ls x/.'.'*"),
        *("ls a\rb", "ls \x1b[0m", "ls a\x00b", "ls\x0bx", "ls\x7f", "ls '\x01'", "ls \ud800"),
        *("ls\u00a0x", "ls '\u00a0'", "ls\u3000x", "ls a\u200bb", "ls a\u202eb", "ls a\u0085b", "ls à"),
        *("lś", "ｌｓ", "ls\u2028x", "ls 'a\u2029b'", "ls \\é", "ls ✓"),
        *("for RANDOM in 'a[$(CMD)]'; do ls; done", "git status `git status \\`CMD\\``"),
    ],
)  # fmt: skip
def test_what_is_not_understood_whole(line: str) -> None:
    assert read(line) is None


def test_a_word_has_a_bound() -> None:
    assert read("ls " + "x" * MAX_WORD_CHARS) is not None
    assert read("ls " + "x" * (MAX_WORD_CHARS + 1)) is None
    assert read("ls '" + "x" * (MAX_WORD_CHARS + 1) + "'") is None


@pytest.mark.parametrize(
    "unit", ["a ", "''", "'", '"', "\\a", "a;", "2>&1 ", "{a}", "{", "*", "a/~", "\n", "a\\", "é"]
)
def test_takes_linear_time(unit: str) -> None:
    def seconds(size: int) -> float:
        line = "ls " + unit * (size // len(unit))
        best = float("inf")
        for _ in range(2):
            start = time.process_time()
            read(line)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(80_000) < 40 * max(seconds(8_000), 0.001)
