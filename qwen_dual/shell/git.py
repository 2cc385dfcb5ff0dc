"""`git`: the subcommands and options that only read, and the usual ones that write.

A subcommand that writes is covered by a ``*`` only where the rule spells it, ``git commit *``, and
then with the options here: none that runs a program (``rebase -x``, ``clone -u``, ``commit -S``), and
no place to fetch from or push to but ``origin``. All else (``config``, ``bisect``, ``submodule``,
``archive``, ``difftool``, ``filter-branch``, ``git -c``, ``git -C``) a rule has to spell word by word.

What the repository's own configuration makes git run (hooks, filters, textconv, a monitor) is not
seen here: whoever lets git run unasked makes sure that the folder is trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.shell.git_operands import (
    clone,
    fields,
    history,
    listed,
    lists,
    objects,
    one_name,
    remote,
    revisions,
    search,
)
from qwen_dual.shell.program import Program, names

if TYPE_CHECKING:
    from qwen_dual.shell.program import Operands


_DIFF = (
    "-puszbwWRaD -U= -M[=] -C[=] -B[=] -l= -S= -G= --patch --no-patch --unified= --raw"
    " --patch-with-raw --minimal --patience --histogram --anchored= --diff-algorithm= --stat[=]"
    " --compact-summary --numstat --shortstat --dirstat[=] --cumulative --summary"
    " --patch-with-stat --name-only --name-status --color[=] --no-color --color-moved[=]"
    " --no-color-moved --word-diff[=] --word-diff-regex= --color-words[=] --no-renames"
    " --check --full-index --binary --abbrev[=] --find-renames[=] --find-copies[=]"
    " --find-copies-harder --irreversible-delete --diff-filter= --pickaxe-all --pickaxe-regex"
    " --relative[=] --text --ignore-cr-at-eol --ignore-space-at-eol --ignore-space-change"
    " --ignore-all-space --ignore-blank-lines --ignore-matching-lines= --inter-hunk-context="
    " --function-context --exit-code --quiet --no-ext-diff --no-textconv --no-prefix"
    " --src-prefix= --dst-prefix= --line-prefix= --ignore-submodules[=] --cc"
    " --combined-all-paths --indent-heuristic --no-indent-heuristic"
)
_LOG = (
    f"{_DIFF} -cmtgiEFPq -n= -L= -NUM --follow --no-decorate --decorate[=] --decorate-refs="
    " --decorate-refs-exclude= --source --log-size --max-count= --skip= --since= --after= --until="
    " --before= --author= --committer= --grep= --all-match --invert-grep --regexp-ignore-case"
    " --extended-regexp --fixed-strings --perl-regexp --merges --no-merges --min-parents="
    " --max-parents= --first-parent --all --branches[=] --tags[=] --remotes[=] --glob= --exclude="
    " --reflog --cherry-mark --cherry-pick --left-only --right-only --cherry --left-right"
    " --walk-reflogs --merge --boundary --simplify-by-decoration --full-history --dense --sparse"
    " --simplify-merges --ancestry-path[=] --date-order --author-date-order --topo-order"
    " --reverse --no-walk[=] --pretty[=] --format= --abbrev-commit --no-abbrev-commit --oneline"
    " --no-notes --parents --children --graph --show-linear-break[=] --count --date="
    " --relative-date --no-mailmap --mailmap --diff-merges= --no-diff-merges --root"
)
# A message from a file is spelled: it may be anywhere, and stands in the history for good then.
_MESSAGE = "-m= !-F=FILE --message= !--file=FILE --no-edit --signoff"

_READING: dict[str, Program] = {
    "status": Program(
        "-sbvz -u[=] --short --branch --show-stash --porcelain[=] --long --verbose"
        " --untracked-files[=] --ignored[=] --ignore-submodules[=] --column[=]"
        " --no-column --ahead-behind --no-ahead-behind --renames --no-renames"
        " --find-renames[=]",
        "listing",
    ),
    "log": Program(_LOG, history),
    "show": Program(_LOG, revisions),
    "whatchanged": Program(_LOG, history),
    "diff": Program(f"{_DIFF} --cached --staged --merge-base -0123", revisions),
    "diff-tree": Program(f"{_DIFF} -rtmc --root --no-commit-id --stdin", revisions),
    "diff-index": Program(f"{_DIFF} -m --cached", revisions),
    "diff-files": Program(_DIFF, revisions),
    "range-diff": Program(f"{_DIFF} --creation-factor= --no-dual-color", "text"),
    "shortlog": Program(
        "-nsec --numbered --summary --email --group= --since= --until= --after="
        " --before= --all --no-merges --author=",
        history,
    ),
    "blame": Program(
        "-bcflnpstewk -L= -M[=] -C[=] --root --show-stats --porcelain"
        " --line-porcelain --show-email --show-name --show-number --date= --since="
        " --abbrev= --ignore-rev= --color-lines --color-by-age",
        revisions,
    ),
    "rev-parse": Program(
        "-q --verify --short[=] --abbrev-ref[=] --symbolic --symbolic-full-name"
        " --all --branches[=] --tags[=] --remotes[=] --show-toplevel --git-dir"
        " --absolute-git-dir --git-common-dir --is-inside-git-dir"
        " --is-inside-work-tree --is-bare-repository --is-shallow-repository"
        " --show-cdup --show-prefix --show-superproject-working-tree --quiet"
        " --revs-only --no-revs --flags --no-flags --show-object-format[=]",
        "text",
    ),
    "rev-list": Program(f"{_LOG} --objects --missing= --no-object-names --disk-usage", history),
    "ls-files": Program(
        "-cdmoiskutvfz -x= --cached --deleted --modified --others --ignored"
        " --stage --killed --unmerged --directory --no-empty-directory --eol"
        " --exclude= --exclude-standard --error-unmatch --full-name --abbrev[=]"
        " --deduplicate --format=",
        "listing",
    ),
    "ls-tree": Program(
        "-drtlz --long --name-only --name-status --object-only --full-name"
        " --full-tree --abbrev[=] --format=",
        "text",
    ),
    "cat-file": Program("-tsep", objects),
    "describe": Program(
        "--all --tags --contains --abbrev= --candidates= --exact-match --debug"
        " --long --match= --exclude= --always --first-parent !--dirty[=]"
        " !--broken[=]",
        "text",
    ),
    "name-rev": Program("--tags --refs= --exclude= --all --name-only --always", "text"),
    "merge-base": Program("-a --all --octopus --independent --is-ancestor --fork-point", "text"),
    "for-each-ref": Program(
        "--count= --sort= --format= --points-at= --merged[=] --no-merged[=]"
        " --contains[=] --no-contains[=] --ignore-case --color[=]",
        fields,
    ),
    "show-ref": Program(
        "-sdhq --head --heads --tags --branches --verify --hash[=] --abbrev[=]"
        " --dereference --quiet",
        "text",
    ),
    "show-branch": Program(
        "-ar --all --remotes --topo-order --sparse --more= --list --current"
        " --no-name --sha1-name --color[=] --no-color",
        "text",
    ),
    "symbolic-ref": Program("-q --quiet --short", one_name),
    "count-objects": Program("-vH --verbose --human-readable", "none"),
    "check-ignore": Program("-qvnz --quiet --verbose --non-matching --no-index", listed),
    "check-attr": Program("-az --all --cached", listed),
    "cherry": Program("-v --abbrev[=]", "text"),
    "grep": Program(
        "-aIiwvhHEGFPnlLcqpWozr -e= -f=FILE -m= -A= -B= -C= -NUM --cached --untracked"
        " --text --ignore-case --word-regexp --invert-match --extended-regexp"
        " --fixed-strings --perl-regexp --basic-regexp --line-number --column"
        " --files-with-matches --files-without-match --name-only --count --color[=]"
        " --no-color --break --heading --show-function --function-context --quiet"
        " --max-depth= --max-count= --only-matching --null --and --or --not"
        " --all-match --full-name --no-recursive --recursive --exclude-standard"
        " --after-context= --before-context= --context=",
        search,
    ),
    "version": Program("--build-options", "none"),
}

_LISTING = (
    "--sort= --format= --contains[=] --no-contains[=] --merged[=] --no-merged[=] --points-at="
    " --color[=] --no-color --column[=] --no-column --ignore-case -i"
)
_BRANCH_CHANGES = tuple(
    names(
        "-d -D -m -M -c -C -f --delete --move --copy --force --track -t --no-track -u"
        " --set-upstream-to --unset-upstream"
    )
)
_BRANCH = Program(
    f"-arvq !-dDmMcCf --all --remotes --verbose --list --show-current --abbrev= {_LISTING}"
    " !--delete !--move !--copy !--force --track[=] -t --no-track --quiet -u= --set-upstream-to="
    " --unset-upstream",
    lists(
        "--list",
        "--contains",
        "--no-contains",
        "--merged",
        "--no-merged",
        "--points-at",
        changes=_BRANCH_CHANGES,
    ),
)
_STASH = "-kuaq --keep-index --include-untracked --all --quiet"
_BOTH: dict[str, Program] = {
    "branch": _BRANCH,
    "tag": Program(
        f"-l -n[=] --list {_LISTING} -a -m= !-F=FILE --annotate --message="
        " !--file=FILE !-df !--delete !--force",
        lists(
            "-l",
            "--list",
            "--points-at",
            "--contains",
            "--no-contains",
            "--merged",
            "--no-merged",
            changes=("-d", "--delete"),
        ),
    ),
    "remote": Program(
        "-v --verbose",
        subcommands={
            "get-url": Program("--push --all", "text"),
        },
        bare=Program("-v --verbose", "none"),
    ),
    "worktree": Program(subcommands={"list": Program("-vz --porcelain --verbose", "none")}),
    "notes": Program(subcommands={"list": Program("", "text"), "show": Program("", "text")}),
    "reflog": Program(
        subcommands={
            "show": Program(_LOG, revisions),
            "exists": Program("", "text"),
        },
        bare=Program("", "none"),
    ),
    "stash": Program(
        subcommands={
            "list": Program(_LOG, fields, most=0),
            "show": Program(f"{_DIFF} --include-untracked --only-untracked", "text"),
            "push": Program(
                "-kuaqS -m= --keep-index --no-keep-index --include-untracked --all --quiet"
                " --staged --message=",
                "tree",
                writes=True,
            ),
            "save": Program(_STASH, "text", writes=True),
            "pop": Program("-q --index --quiet", "text", writes=True),
            "apply": Program("-q --index --quiet", "text", writes=True),
        },
        options=_STASH,
        bare=Program(_STASH, "none", writes=True),
        whole=True,
    ),
}


def _writes(options: str, operands: Operands = "text") -> Program:
    return Program(options, operands, writes=True)


_STRATEGY = "--strategy-option= -X="
_WRITING: dict[str, Program] = {
    "add": _writes(
        "-Aunv !-f --all --no-all --update --dry-run --verbose !--force"
        " --intent-to-add -N --ignore-removal --refresh --ignore-errors --renormalize"
        " --chmod=",
        "tree",
    ),
    "commit": _writes(
        f"-aqvs {_MESSAGE} !-n -C= --all --quiet --verbose --amend --author= --date="
        " --allow-empty --allow-empty-message !--no-verify --reuse-message= --fixup="
        " --squash= --reset-author --only -o --include -i --dry-run --short"
        " --porcelain --branch --no-status --status --no-post-rewrite --cleanup="
        " --trailer= --no-gpg-sign -u[=] --untracked-files[=] --no-signoff",
        "tree",
    ),
    "push": _writes(
        "-uqvn !-fd --set-upstream --quiet --verbose --dry-run --tags --follow-tags"
        " --porcelain --atomic --no-atomic --progress --no-progress --thin !--force"
        " !--force-with-lease[=] !--force-if-includes !--delete !--prune !--mirror"
        " !--all !--no-verify",
        remote,
    ),
    "fetch": _writes(
        "-aptqvnk !-f --all --prune --tags --no-tags --depth= --deepen="
        " --shallow-since= --unshallow --quiet --verbose --dry-run --append --atomic"
        " --progress --no-progress --prune-tags -j= --jobs= !--force",
        remote,
    ),
    "pull": _writes(
        "-rqvpn !-f --rebase[=] --no-rebase --ff --no-ff --ff-only --autostash"
        " --no-autostash --squash --no-squash --commit --no-commit --no-edit --stat"
        " --no-stat --all --prune --tags --no-tags --depth= --quiet --verbose --dry-run"
        f" --allow-unrelated-histories {_STRATEGY} !--force",
        remote,
    ),
    "checkout": _writes(
        "-qmdlt -b= !-B= !-f --quiet --merge --detach --track[=] --no-track --guess"
        " --no-guess --ours --theirs --conflict= --progress --no-progress"
        " --overlay --no-overlay --orphan= !--force"
    ),
    "switch": _writes(
        "-qmdt -c= !-C= !-f --create= --quiet --merge --detach --track[=] --no-track"
        " --guess --no-guess --conflict= --progress --no-progress --orphan="
        " !--force !--discard-changes !--force-create="
    ),
    "restore": _writes(
        "-SWqm -s= --source= --staged --worktree --quiet --merge --ours --theirs"
        " --conflict= --progress --no-progress --overlay --no-overlay"
    ),
    "merge": _writes(
        f"-nqv {_MESSAGE} --ff --no-ff --ff-only --squash --no-squash --commit"
        " --no-commit --stat --no-stat --abort --quit --continue --autostash"
        " --no-autostash --allow-unrelated-histories --quiet --verbose --log[=]"
        f" --no-log {_STRATEGY}"
    ),
    "rebase": _writes(
        "-qv --onto= --continue --abort --quit --skip --quiet --verbose --autostash"
        " --no-autostash --stat --no-stat --keep-base --fork-point --no-fork-point"
        " --ignore-whitespace --rebase-merges[=] --update-refs --empty="
        f" {_STRATEGY}"
    ),
    "cherry-pick": _writes(
        "-nxs -m= --no-commit --no-edit --signoff --mainline= --ff --allow-empty"
        f" --keep-redundant-commits --continue --skip --abort --quit"
        f" {_STRATEGY}"
    ),
    "revert": _writes(
        "-ns -m= --no-commit --no-edit --signoff --mainline= --continue --skip"
        f" --abort --quit {_STRATEGY}"
    ),
    "reset": _writes("-qN --quiet --soft --mixed --intent-to-add !--hard !--merge !--keep"),
    "rm": _writes("-rqn !-f --cached --quiet --dry-run --ignore-unmatch !--force"),
    "mv": _writes("-nvk !-f --dry-run --verbose !--force"),
    "clone": _writes(
        "-qvn -b= --quiet --verbose --progress --branch= --depth= --single-branch"
        " --no-single-branch --no-checkout --no-tags --shallow-since=",
        clone,
    ),
}

GIT = Program(
    "-P --no-pager --no-optional-locks --literal-pathspecs --version -v",
    subcommands={**_READING, **_BOTH, **_WRITING},
)
