"""What the programs that write files do with their words: which they write, and how much below.

Their options are those that change nothing about that or are known to; with any other one nobody can
tell which word is what, and then all of them may be written.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from qwen_dual.shell.expressions import is_sed_script
from qwen_dual.shell.files import PROGRAMS as FILES
from qwen_dual.shell.syntax import scan, syntax

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.shell.syntax import Scan


class Written(NamedTuple):
    """What a command writes, makes, moves or removes; paths as the command names them.

    Attributes:
        files: what it surely does so with.
        trees: folders, or files, of which it may all that is below.
        copies: what is copied and to where: of a folder all below goes there.
        maybe: words that may name something of the kind.
        repository: whether it may be all of the repository's files.
        unknown: whether it may be anything.
    """

    files: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()
    copies: tuple[tuple[str, str], ...] = ()
    maybe: tuple[str, ...] = ()
    repository: bool = False
    unknown: bool = False


NOTHING = Written()


class Writer(NamedTuple):
    """A program that writes.

    Attributes:
        options: a line of ``syntax.syntax``.
        role: what its operands are.
    """

    options: str
    role: Callable[[Scan], Written]

    def written(self, words: Sequence[str]) -> Written:
        """What the command ``words`` writes."""
        found = scan(words, 1, syntax(self.options))
        return Written(maybe=tuple(words[1:])) if found.unsafe else self.role(found)


def operands(found: Scan) -> tuple[str, ...]:
    """The operands alone."""
    return tuple(word for _, word in found.operands)


def values(found: Scan, *names: str) -> tuple[str, ...]:
    """The values of some options, in order."""
    return tuple(value for name, value in found.values if name in names)


def _all(found: Scan) -> Written:
    return Written(operands(found))


def _all_below(found: Scan) -> Written:
    words = operands(found)
    below = found.has("-r", "-R", "--recursive")
    return Written(words, words if below else ())


def _behind_mode(found: Scan) -> Written:
    words = operands(found)[0 if found.has("--reference") else 1 :]
    return Written(words, words if found.has("-R", "--recursive") else ())


def _placed(found: Scan) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Sources, the target and where in it they may come to lie; a single word lands here."""
    sources = operands(found)
    target = values(found, "-t", "--target-directory")[-1:]
    if not target and len(sources) > 1:
        sources, target = sources[:-1], sources[-1:]
    into = target or (".",)
    names = tuple(posixpath.join(into[0], posixpath.basename(s.rstrip("/"))) for s in sources)
    return sources, target, names


def _copied(found: Scan) -> Written:
    sources, target, names = _placed(found)
    if not target:
        return Written(maybe=sources)
    recursive = found.has("-r", "-R", "-a", "--recursive", "--archive")
    pairs = _pairs(sources, target, names)
    return Written(
        (*target, *names),
        target if found.has("--parents", "--delete") else (),
        pairs if recursive else (),
        # Another name of the same file: what is written to the one changes the other.
        sources if found.has("-l", "-s", "--link", "--symbolic-link") else (),
    )


def _moved(found: Scan) -> Written:
    sources, target, names = _placed(found)
    pairs = _pairs(sources, target, names)
    return Written((*sources, *target, *names), sources, pairs)


def _pairs(
    sources: tuple[str, ...], target: tuple[str, ...], names: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Each source with where it comes to lie: the target itself only for one."""
    alone = zip(sources, target, strict=True) if len(sources) == len(target) == 1 else ()
    return (*alone, *zip(sources, names, strict=True))


def _linked(found: Scan) -> Written:
    sources, target, names = _placed(found)
    return Written((*target, *names), maybe=sources)


def _installed(found: Scan) -> Written:
    return _all(found) if found.has("-d", "--directory") else _copied(found)


def _synchronised(found: Scan) -> Written:
    copied = _copied(found)
    moved = operands(found)[:-1] if found.has("--remove-source-files") else ()
    target = operands(found)[-1:]
    return copied._replace(files=copied.files + moved, trees=moved + target)


def _edited(found: Scan) -> Written:
    """``sed``: with ``-i`` its files; a script that is not known may write elsewhere."""
    scripts = values(found, "-e", "--expression")
    files = operands(found)
    if not scripts and not found.has("-f", "--file"):
        scripts, files = files[:1], files[1:]
    unknown = found.has("-f", "--file") or not all(map(_only_edits, scripts))
    in_place = found.has("-i", "--in-place")
    return Written(files if in_place else (), unknown=unknown)


def _only_edits(script: str) -> bool:
    """Whether a script writes no file by itself: ``w`` and ``e`` are in none of its commands."""
    return is_sed_script(script) or not set("wWe").intersection(script.replace("\\w", ""))


def _to_option(*names: str) -> Callable[[Scan], Written]:
    return lambda found: Written(values(found, *names))


def _second(found: Scan) -> Written:
    return Written(operands(found)[1:2])


def _in_pieces(found: Scan) -> Written:
    prefix = operands(found)[1:2] or ("x",)
    return Written(trees=(posixpath.dirname(prefix[0]) or ".",))


def _compressed(found: Scan) -> Written:
    if found.has("-c", "-t", "-l", "--stdout", "--to-stdout", "--test", "--list"):
        return NOTHING
    words = operands(found)
    endings = (".gz", ".bz2", ".xz", ".zst", ".lzma")
    bare = tuple(posixpath.splitext(word)[0] for word in words if word.endswith(endings))
    below = words if found.has("-r", "--recursive") else ()
    return Written((*words, *bare, *(word + end for word in words for end in endings)), below)


def _patched(found: Scan) -> Written:
    if found.has("--dry-run"):
        return NOTHING
    folder = values(found, "-d", "--directory")[-1:] or (".",)
    return Written((*operands(found)[:1], *values(found, "-o", "--output")), folder)


def _unpacked(found: Scan) -> Written:
    if found.has("-l", "-t", "-p", "-v", "-Z"):
        return NOTHING
    return Written(trees=values(found, "-d")[-1:] or (".",))


def _packed(found: Scan) -> Written:
    archive = operands(found)[:1]
    return Written((*archive, *(f"{name}.zip" for name in archive)))


def _fetched(found: Scan) -> Written:
    """``curl``: to files that are named, or by the last part of the address."""
    folder = values(found, "--output-dir")[-1:] or (".",)
    named = [*values(found, "-o", "--output")]
    if found.has("-O", "--remote-name", "--remote-name-all"):
        named += [posixpath.basename(word) for word in operands(found)]
    files = [
        name if name.startswith(("/", "~")) else posixpath.join(*folder, name) for name in named
    ]
    files += values(found, "-D", "-c", "--dump-header", "--cookie-jar", "--trace", "--stderr")
    return Written(
        tuple(files),
        folder if found.has("-J", "--remote-header-name") else (),
        unknown=found.has("-K", "--config"),
    )


def _downloaded(found: Scan) -> Written:
    """``wget``: the same, and without an option by the last part of the address."""
    folder = values(found, "-P", "--directory-prefix")[-1:] or (".",)
    named = values(found, "-O", "--output-document")
    if not named:
        named = tuple(posixpath.join(*folder, posixpath.basename(w)) for w in operands(found))
    many = found.has("-r", "-m", "-i", "-p", "--recursive", "--mirror", "--content-disposition")
    logs = values(found, "-o", "-a", "--output-file", "--append-output")
    return Written((*named, *logs), folder if many else ())


_PLACING = (
    " -S= -t= --backup[=] --force --interactive --no-target-directory --suffix= --target-directory="
    " --verbose --debug --update[=] --no-clobber --strip-trailing-slashes"
)
_MODES = "-cfvhRHLP --changes --silent --quiet --verbose --recursive --preserve-root"
_COMPRESSION = (
    "-cdfklqrtvnNT0123456789 --stdout --to-stdout --decompress --uncompress --force --keep --list"
    " --quiet --recursive --test --verbose --fast --best --no-name --name --rm"
)
WRITERS: dict[str, Writer] = {
    "rm": Writer(
        "-rRfvdiI --recursive --force --verbose --dir --interactive[=] --one-file-system"
        " --preserve-root[=] --no-preserve-root",
        _all_below,
    ),
    "rmdir": Writer("-pv --parents --verbose --ignore-fail-on-non-empty", _all),
    "unlink": Writer("", _all),
    "touch": Writer(
        "-acmhf -d= -r=FILE -t= --no-create --date= --reference=FILE --time= --no-dereference", _all
    ),
    "mkdir": Writer("-pvZ -m= --parents --mode= --verbose", _all),
    "mkfifo": Writer("-m= --mode=", _all),
    "mknod": Writer("-m= --mode=", _all),
    "tee": Writer("-aip --append --ignore-interrupts --output-error[=]", _all),
    "sponge": Writer("-a", _all),
    "truncate": Writer("-co -s= -r=FILE --no-create --io-blocks --size= --reference=FILE", _all),
    "shred": Writer(
        "-fuvzx -n= -s= --force --iterations= --size= --remove[=] --exact --verbose --zero"
        " --random-source=",
        _all,
    ),
    "fallocate": Writer(
        "-cdinpvxz -l= -o= --length= --offset= --dig-holes --punch-hole --keep-size", _all
    ),
    "dos2unix": Writer("-abfkloqsu", _all),
    "unix2dos": Writer("-abfkloqsu", _all),
    "chmod": Writer(f"{_MODES} --reference=FILE", _behind_mode),
    "chown": Writer(f"{_MODES} --reference=FILE --from= --no-dereference", _behind_mode),
    "chgrp": Writer(f"{_MODES} --reference=FILE --no-dereference", _behind_mode),
    "cp": Writer(
        "-abdfiHlLnPpRrsTuvxZ --archive --attributes-only --copy-contents --link --dereference"
        " --no-dereference --parents --preserve[=] --no-preserve= --recursive --reflink[=]"
        " --remove-destination --sparse= --symbolic-link --one-file-system" + _PLACING,
        _copied,
    ),
    "mv": Writer("-bfinTuvZ --exchange" + _PLACING, _moved),
    "install": Writer(
        "-bcCDdpsTvZ -m= -o= -g= --compare --directory --group= --mode= --owner="
        " --preserve-timestamps --strip" + _PLACING,
        _installed,
    ),
    "ln": Writer(
        "-bdfFiLnPrsTv --symbolic --relative --logical --physical --no-dereference" + _PLACING,
        _linked,
    ),
    "rsync": Writer(
        "-avrlptgoDzhPniqucxHAXSWkL --archive --verbose --recursive --links --perms --times"
        " --compress --human-readable --partial --progress --dry-run --quiet --update --checksum"
        " --delete --delete-after --delete-before --delete-during --delete-excluded --exclude="
        " --include= --exclude-from=FILE --include-from=FILE --stats --info= --mkpath"
        " --remove-source-files --ignore-existing --existing --inplace --size-only",
        _synchronised,
    ),
    "sed": Writer(
        "-nErsuz -i[=] -e= -f=FILE -l= --in-place[=] --quiet --silent --regexp-extended"
        " --expression= --file=FILE --separate --unbuffered --null-data --posix --follow-symlinks",
        _edited,
    ),
    "sort": Writer(
        f"{FILES['sort'].options} -o= -S= -T= --output= --buffer-size= --parallel="
        " --temporary-directory= --batch-size=",
        _to_option("-o", "--output"),
    ),
    "uniq": Writer(FILES["uniq"].options, _second),
    "xxd": Writer(f"{FILES['xxd'].options} -ruE -n= -R=", _second),
    "tree": Writer(f"{FILES['tree'].options} -l -o= -H= -T=", _to_option("-o")),
    "split": Writer(
        "-dxeuz -a= -b= -C= -l= -n= -t= --bytes= --lines= --number= --suffix-length= --verbose"
        " --numeric-suffixes[=] --additional-suffix= --line-bytes= --separator=",
        _in_pieces,
    ),
    **dict.fromkeys(
        ("gzip", "gunzip", "bzip2", "bunzip2", "xz", "unxz", "zstd", "unzstd", "lzma", "unlzma"),
        Writer(_COMPRESSION, _compressed),
    ),
    "patch": Writer(
        "-RNsftucnbElT -p= -i=FILE -d= -o= -F= -r= -z= --strip= --input=FILE --directory= --output="
        " --dry-run --reverse --forward --silent --quiet --force --batch --backup --fuzz="
        " --ignore-whitespace --verbose --no-backup-if-mismatch --reject-file=",
        _patched,
    ),
    "unzip": Writer("-onqajltpvuCLUXZ -d= -P=", _unpacked),
    "zip": Writer("-rqjdmuvyXT0123456789 -x= -P=", _packed),
    "curl": Writer(
        "-sSfLkviIgGNOJRn46Z -o= -D= -c= -H= -X= -d= -u= -A= -e= -b= -F= -T=FILE -m= -w= -x= -C="
        " -r= -y= -Y= -z= -K= --output= --output-dir= --header= --request= --data= --data-raw="
        " --data-binary= --data-urlencode= --user= --user-agent= --location --silent --show-error"
        " --fail --fail-with-body --compressed --insecure --verbose --max-time= --connect-timeout="
        " --retry= --retry-delay= --retry-all-errors --remote-name --remote-name-all"
        " --remote-header-name --create-dirs --cookie= --cookie-jar= --dump-header= --url= --json="
        " --form= --proxy= --write-out= --progress-bar --http1.1 --http2 --head --include --get"
        " --cacert=FILE --tlsv1.2 --proto= --config= --trace= --stderr= --upload-file=FILE",
        _fetched,
    ),
    "wget": Writer(
        "-qcvNdbSrEkKpHLmF4 -nv -O= -o= -a= -P= -i=FILE -t= -T= -U= -A= -R= -l= -w= --quiet"
        " --continue --timestamping --recursive --mirror --output-document= --output-file="
        " --append-output= --directory-prefix= --input-file=FILE --tries= --timeout="
        " --user-agent= --no-check-certificate --header= --post-data= --show-progress --no-verbose"
        " --content-disposition --level= --no-parent --page-requisites --convert-links --method=",
        _downloaded,
    ),
}
