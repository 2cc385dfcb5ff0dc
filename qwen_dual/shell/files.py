"""Programs that look at files, text and the system, with the options of theirs that only read.

Left out on purpose: what runs another program (``sort --compress-program``, ``rg --pre``, ``file -z``),
writes (``sort -o``, ``tree -o``, ``xxd -r``), takes the names of files from a file (``wc --files0-from``,
``md5sum -c``), never ends (``tail -f``), or follows links on its way down (``ls -L``, ``grep -R``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwen_dual.shell.expressions import bracket, find, is_jq_filter, is_sed_script, test
from qwen_dual.shell.program import Operand, Program, Use, anything
from qwen_dual.shell.reader import GLOB
from qwen_dual.shell.syntax import fixed_part

if TYPE_CHECKING:
    from qwen_dual.shell.syntax import Scan


def _paths(found: Scan, skip: int = 0) -> list[Operand]:
    return [Operand(word) for _, word in found.operands[skip:] if word != "-"]


def _listing(found: Scan) -> Use:
    """Names and sizes in folders, of the working one where none is named."""
    words = [word for _, word in found.operands] or ["."]
    return Use(paths=[Operand(word, "listing") for word in words])


def _grep(found: Scan) -> Use:
    """A pattern, unless ``-e`` or ``-f`` has it, and files; with ``-r`` all below."""
    use = Use()
    skip = 0 if found.has("-e", "-f", "--regexp", "--file") else 1
    if found.has("-r", "--recursive"):
        words = [word for _, word in found.operands[skip:]] or ["."]
        use.paths = [Operand(word, "tree") for word in words]
    else:
        use.paths = _paths(found, skip)
    use.unsafe = {index for index, word in found.operands[:skip] if word.startswith(GLOB)}
    return use


def _rg(found: Scan) -> Use:
    lists = found.has("--files", "--type-list")
    skip = 0 if lists or found.has("-e", "-f", "--regexp", "--file") else 1
    words = [word for _, word in found.operands[skip:]] or ["."]
    unsafe = {index for index, word in found.operands[:skip] if word.startswith(GLOB)}
    return Use(unsafe, [Operand(word, "tree") for word in words])


def _sed(found: Scan) -> Use:
    """Scripts that only select and print; the first operand is one unless ``-e`` has it."""
    names = ("-e", "--expression")
    scripts = [value for name, value in found.values if name in names]
    skip = 0 if scripts else 1
    scripts += [word for _, word in found.operands[:skip]]
    if scripts and all(map(is_sed_script, scripts)):
        return Use(paths=_paths(found, skip))
    unsafe = {at + more for at, name in found.given if name in names for more in (0, 1)}
    return Use(unsafe | {at for at, _ in found.operands[:skip]}, reads_only=False)


def _jq(found: Scan) -> Use:
    unsafe = {index for index, word in found.operands[:1] if not is_jq_filter(word)}
    return Use(unsafe, _paths(found, 1), reads_only=bool(found.operands))


def _strings(found: Scan) -> Use:
    """Files; ``@x`` would be read for further words."""
    unsafe = {index for index, word in found.operands if fixed_part(word).startswith("@")}
    return Use(unsafe, _paths(found))


def _date(found: Scan) -> Use:
    return Use({index for index, word in found.operands if not word.startswith("+")})


def _tr(found: Scan) -> Use:
    return Use({index for index, word in found.operands if word.startswith(GLOB)})


def _printf(found: Scan) -> Use:
    """The shell's own: ``%n`` assigns to what an argument names, and evaluates it for that."""
    plain = re.compile(r"([^%\0]|%%|%[-+ #0]*\d*(\.\d+)?[sdiuoxXfeEgGcbq])*", re.DOTALL)
    words = found.operands
    unsafe = {index for index, word in words[:1] if not plain.fullmatch(word)}
    return Use(unsafe, reads_only=bool(words))


def _cd(found: Scan) -> Use:
    """To a named folder: ``cd`` and ``cd -`` go where only the environment knows."""
    words = found.operands
    if len(words) != 1 or words[0][1] == "-" or words[0][1].startswith(GLOB):
        return Use({index for index, _ in words}, reads_only=False)
    return Use(paths=[Operand(words[0][1], "listing")])


_HASHES = "-btz --binary --text --tag --zero"
_GREP = (
    "-abchHilLnoqsvwxyzEFGPTUrIZ -e= -f=FILE -m= -A= -B= -C= -NUM --regexp= --file=FILE"
    " --extended-regexp --fixed-strings --basic-regexp --perl-regexp --ignore-case"
    " --no-ignore-case --invert-match --word-regexp --line-regexp --count --color[=] --colour[=]"
    " --files-without-match --files-with-matches --max-count= --only-matching --quiet --silent"
    " --no-messages --byte-offset --with-filename --no-filename --label= --line-number"
    " --initial-tab --null --after-context= --before-context= --context= --text"
    " --binary-files= --exclude= --exclude-dir= --include= --recursive --line-buffered --null-data"
)
_RG = (
    "-abcFHiIlnNoPqsSUvVwxu0p -e= -f=FILE -m= -A= -B= -C= -g= -t= -T= -j= -d= -M= -r= --regexp="
    " --file=FILE --after-context= --before-context= --context= --case-sensitive --color="
    " --column --no-column --count --count-matches --crlf --fixed-strings --files"
    " --files-with-matches --files-without-match --glob= --iglob= --glob-case-insensitive"
    " --heading --no-heading --hidden --ignore-case --invert-match --json --line-number"
    " --no-line-number --line-regexp --max-columns= --max-columns-preview --max-count="
    " --max-depth= --max-filesize= --multiline --multiline-dotall --no-filename --no-ignore"
    " --no-ignore-vcs --no-ignore-parent --no-messages --no-config --null --only-matching"
    " --passthru --pcre2 --pretty --quiet --replace= --smart-case --sort= --sortr= --stats --text"
    " --threads= --trim --type= --type-not= --type-list --unrestricted --version --vimgrep"
    " --with-filename --word-regexp"
)
_FD = (
    "-HIsiFgap0uq1 -t= -e= -E= -d= -S= -c= -j= --hidden --no-ignore --case-sensitive"
    " --ignore-case --fixed-strings --glob --absolute-path --full-path --print0"
    " --type= --extension= --exclude= --max-depth= --min-depth= --exact-depth= --size="
    " --changed-within= --changed-before= --color= --max-results= --quiet --unrestricted"
    " --no-ignore-vcs --strip-cwd-prefix"
)


def _fd(found: Scan) -> Use:
    words = [word for _, word in found.operands[1:]] or ["."]
    return Use(paths=[Operand(word, "listing") for word in words])


_LONG_CUT = "--bytes= --characters= --delimiter= --fields= --complement --only-delimited"

PROGRAMS: dict[str, Program] = {
    # -- words, the system, where one is
    "echo": Program(raw=anything),
    "printf": Program("", _printf, ordered=True),
    "pwd": Program("-LP --logical --physical", "none"),
    "cd": Program("-LP", _cd),
    "true": Program(raw=anything),
    "false": Program(raw=anything),
    ":": Program(raw=anything),
    "test": Program(raw=test),
    "[": Program(raw=bracket),
    "sleep": Program("", "text"),
    "seq": Program("-w -s= -f= --equal-width --separator= --format=", "text", ordered=True),
    "basename": Program("-az -s= --multiple --suffix= --zero", "text"),
    "dirname": Program("-z --zero", "text"),
    "whoami": Program("", "none"),
    "id": Program("-Ggnruz --group --groups --name --real --user --zero", "text"),
    "groups": Program("", "text"),
    "uname": Program("-asnrvmpio --all --kernel-name --nodename --kernel-release", "none"),
    "arch": Program("", "none"),
    "nproc": Program("--all", "none"),
    "uptime": Program("-ps --pretty --since", "none"),
    "hostname": Program("-fsiI", "none"),
    "tty": Program("-s", "none"),
    "date": Program(
        "-uR -I[=] -d= --date= -r=FILE --reference=FILE --utc --rfc-email --iso-8601[=]"
        " --rfc-3339=",
        _date,
    ),
    "which": Program("-a --all", "text"),
    "type": Program("-aftpP", "text"),
    "df": Program(
        "-hHaikPTl --human-readable --si --all --inodes --local --portability --total"
        " --print-type -t= -x= --type= --exclude-type= -B= --block-size=",
        "listing",
    ),
    # -- folders
    "ls": Program(
        "-1aAbBcCdfFgGhHiklmnNopqQrRsStuUvxXZ -I= -T= -w= --all --almost-all --author"
        " --escape --ignore-backups --color[=] --directory --classify[=] --file-type"
        " --format= --full-time --group-directories-first --no-group --human-readable"
        " --si --hide= --indicator-style= --inode --ignore= --kibibytes"
        " --numeric-uid-gid --literal --quote-name --quoting-style= --reverse"
        " --recursive --size --sort= --time= --time-style= --width= --zero --context",
        _listing,
    ),
    "tree": Program(
        "-adfpsughDFrtcUvnNACSiqQxJX -L= -P= -I= --noreport --dirsfirst --filesfirst"
        " --sort= --prune --gitignore --ignore-case --filelimit= --du --si --inodes"
        " --charset= --matchdirs --metafirst",
        _listing,
    ),
    "du": Program(
        "-achHkmsS0x -d= -t= -B= --all --total --human-readable --si --summarize"
        " --separate-dirs --max-depth= --threshold= --block-size= --apparent-size --bytes"
        " --null --one-file-system --exclude= --time[=] --inodes",
        _listing,
    ),
    "find": Program(raw=find),
    "fd": Program(_FD, _fd),
    "fdfind": Program(_FD, _fd),
    "stat": Program("-ftL -c= --format= --printf= --file-system --terse --dereference", "listing"),
    "file": Program(
        "-bihkLNnr0 -F= -P= --brief --mime --mime-type --mime-encoding --extension"
        " --dereference --no-dereference --separator= --no-pad --keep-going --raw".replace(
            "-bihkLNnr0", "-biLhkNnr0"
        ),
        "file",
    ),
    "readlink": Program(
        "-femnqsvz --canonicalize --canonicalize-existing --canonicalize-missing"
        " --no-newline --zero",
        "listing",
    ),
    "realpath": Program(
        "-emLPqsz --canonicalize-existing --canonicalize-missing --logical"
        " --physical --quiet --strip --zero --relative-to= --relative-base=",
        "listing",
    ),
    # -- the text of files
    "cat": Program(
        "-AbeEnstTuv --show-all --number-nonblank --show-ends --number"
        " --squeeze-blank --show-tabs --show-nonprinting"
    ),
    "tac": Program("-br -s= --before --regex --separator="),
    "rev": Program("-0"),
    "head": Program(
        "-qvz -n= -c= -NUM --lines= --bytes= --quiet --silent --verbose --zero-terminated"
    ),
    "tail": Program(
        "-qvzr -n= -c= -NUM --lines= --bytes= --quiet --silent --verbose --zero-terminated"
    ),
    "wc": Program("-clmwL --bytes --chars --lines --words --max-line-length --total="),
    "nl": Program(
        "-p -b= -d= -f= -h= -i= -l= -n= -s= -v= -w= --body-numbering="
        " --number-format= --number-width= --number-separator= --starting-line-number="
    ),
    "cut": Program(f"-nsz -b= -c= -d= -f= {_LONG_CUT} --output-delimiter= --zero-terminated"),
    "paste": Program("-sz -d= --serial --delimiters= --zero-terminated"),
    "tr": Program("-cCdst --complement --delete --squeeze-repeats --truncate-set1", _tr),
    "sort": Program(
        "-bcCdfghiMmnrRsuVz -k= -t= --ignore-leading-blanks --dictionary-order"
        " --ignore-case --general-numeric-sort --ignore-nonprinting --month-sort"
        " --human-numeric-sort --numeric-sort --random-sort --reverse --sort="
        " --version-sort --check[=] --key= --field-separator= --merge --stable"
        " --unique --zero-terminated"
    ),
    "uniq": Program(
        "-cdDiuz -f= -s= -w= -NUM --count --repeated --all-repeated[=] --skip-fields="
        " --skip-chars= --check-chars= --group[=] --ignore-case --unique"
        " --zero-terminated",
        most=1,
    ),
    "comm": Program(
        "-123z --check-order --nocheck-order --output-delimiter= --total --zero-terminated", most=2
    ),
    "join": Program("-iz -a= -e= -j= -o= -t= -v= -1= -2= --header --ignore-case", most=2),
    "cmp": Program(
        "-bls -i= -n= --print-bytes --ignore-initial= --verbose --bytes= --quiet --silent"
    ),
    "diff": Program(
        "-abBcdeEinNpqsTtuwyZ -C= -U= -W= -F= -I= -NUM --normal --brief"
        " --report-identical-files --context[=] --unified[=] --ed --rcs --side-by-side"
        " --width= --left-column --suppress-common-lines --show-c-function"
        " --show-function-line= --label= --expand-tabs --initial-tab --tabsize="
        " --suppress-blank-empty --new-file --ignore-case --ignore-tab-expansion"
        " --ignore-trailing-space --ignore-space-change --ignore-all-space"
        " --ignore-blank-lines --ignore-matching-lines= --strip-trailing-cr --text"
        " --minimal --speed-large-files --color[=] --horizon-lines=",
        most=2,
    ),
    "fold": Program("-bs -w= --bytes --spaces --width="),
    "fmt": Program(
        "-cstu -w= -g= -p= --crown-margin --split-only --uniform-spacing --width= --goal="
    ),
    "expand": Program("-i -t= --initial --tabs="),
    "unexpand": Program("-a -t= --all --first-only --tabs="),
    "column": Program(
        "-etx -c= -s= -o= -N= -R= -H= --table --separator= --output-separator="
        " --table-columns= --output-width="
    ),
    "strings": Program(
        "-afow -n= -t= -e= -NUM --all --print-file-name --bytes= --radix= --encoding=", _strings
    ),
    "od": Program(
        "-abcdfilosxv -A= -j= -N= -t= -w[=] --address-radix= --skip-bytes="
        " --read-bytes= --format= --output-duplicates --width[=]"
    ),
    "xxd": Program("-abip -c= -g= -l= -o= -s=", most=1),
    "hexdump": Program("-bcCdovx -n= -s="),
    "base64": Program("-di -w= --decode --ignore-garbage --wrap="),
    "md5sum": Program(_HASHES),
    "sha1sum": Program(_HASHES),
    "sha224sum": Program(_HASHES),
    "sha256sum": Program(_HASHES),
    "sha384sum": Program(_HASHES),
    "sha512sum": Program(_HASHES),
    "b2sum": Program(f"{_HASHES} -l= --length="),
    "cksum": Program(""),
    "sum": Program("-rs --sysv"),
    "grep": Program(_GREP, _grep),
    "egrep": Program(_GREP, _grep),
    "fgrep": Program(_GREP, _grep),
    "rg": Program(_RG, _rg),
    "sed": Program(
        "-nErsuz -e= --quiet --silent --regexp-extended --expression= --separate"
        " --unbuffered --null-data --posix --sandbox",
        _sed,
    ),
    "jq": Program(
        "-cCjMnrsSRae --compact-output --color-output --monochrome-output --null-input"
        " --raw-output --join-output --slurp --sort-keys --raw-input --ascii-output"
        " --exit-status --tab --seq --stream",
        _jq,
    ),
}
