"""A recording that somebody else made may show, and do nothing else."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.recording.screening import Screening

SHOWS = [
    "text, é, 漢, \r\n\t\b",
    "\x1b[0;35m\x1b[38;2;1;2;3mred\x1b[m",
    "\x1b[?2026h\x1b[H\x1b[K\x1b[J\x1b[2J\x1b[3A\x1b[10;5H\x1b[?2026l",
    "\x1b[?1049h\x1b[?25l\x1b[?25h\x1b[?1049l\x1b[?7l",
    "\x1b7\x1b8\x1b[s\x1b[u\x1bM\x1b(B\x1b[4 q",
    "\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\",
]
ACTS = [
    "\x1b]52;c;cm0gLXJm\x07",  # the clipboard
    "\x1b]52;c;cm0gLXJm\x1b\\",
    "\x1b]0;a title\x07",
    "\x1b]11;?\x1b\\",  # is answered as if typed
    "\x1b]7501;done\x1b\\",
    "\x1b[c",
    "\x1b[>0c",
    "\x1b[6n",
    "\x1b[?6n",
    "\x1b[21t",
    "\x1b[?1000h",
    "\x1b[?1003;1006h",
    "\x1b[?2004h",
    "\x1b[?25;1004h",
    "\x1b[>4;2m",
    "\x1b[>1u",
    "\x1b[?u",
    "\x1b[3J",  # what was there before
    "\x1b[?2026$p",
    "\x1bc",
    "\x1b=",
    "\x1bP$qm\x1b\\",
    "\x1bPq#0;2;0;0;0#0~~\x1b\\",
    "\x1b_Gi=1,a=q;AAAA\x1b\\",
    "\x1b^private\x1b\\",
    "\x1bktitle\x1b\\",
    "\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\",
    "\x9b6n",
    "\x9d52;c;eA==\x9c",
    "\x05",
    "\x0e",
]


@pytest.mark.parametrize("text", SHOWS)
def test_pictures_are_shown_as_they_were(text: str) -> None:
    assert Screening().feed(text) == text


@pytest.mark.parametrize(
    ("osc", "shown"),
    [
        ("8;id=a-1;https://a.example/\u00e9", "8;id=a-1;https://a.example/%C3%A9"),
        ("8;a=b:id=\u202e;https://a.example", "8;;https://a.example"),
        ("8;;file:///etc/hosts", "8;;file:///etc/hosts"),
        ("8;;ssh://-oProxyCommand=x", "8;;"),
        ("8;;javascript:alert(1)", "8;;"),
        ("8;;https://a/" + "x" * 3000, "8;;"),
        ("8;;", "8;;"),
    ],
)
def test_a_link_leads_where_one_may_lead_or_nowhere(osc: str, shown: str) -> None:
    assert Screening().feed(f"\x1b]{osc}\x07x") == f"\x1b]{shown}\x1b\\x"


@pytest.mark.parametrize("text", ACTS)
def test_what_acts_is_taken_out(text: str) -> None:
    shown = Screening().feed(f"a{text}b")
    assert "\x1b" not in shown
    assert not re.search("[\x00-\x1f\x7f-\x9f]", shown)
    assert (shown[0], shown[-1]) == ("a", "b")


@given(
    parts=st.lists(
        st.one_of(
            st.sampled_from([*SHOWS, *ACTS]),
            st.text(alphabet="\x1b[]P\\_^k;?0129cnhltHmJ\x07\x18\n\x9bé", max_size=12),
        ),
        max_size=8,
    ),
    cuts=st.lists(st.integers(1, 200), max_size=8),
)
def test_however_it_is_cut_it_comes_to_the_same_and_nothing_slips_through(
    parts: list[str], cuts: list[int]
) -> None:
    text = "".join(parts)
    whole = Screening().feed(text)
    screening, shown = Screening(), ""
    edges = [0, *sorted(cut for cut in set(cuts) if cut < len(text)), len(text)]
    for begin, end in pairwise(edges):
        shown += screening.feed(text[begin:end])
    assert shown == whole
    for found in re.finditer(r"\x1b(.[^\x1b]*)", shown, re.DOTALL):
        assert re.match(
            r"\[[0-9;:]*[@-MPSTXZ`a-bd-gmrs]|\[\?[0-9;]*[hlJK]|\[[ 0-9]*(?:u|q|h|l)|\[!p|\]8;|\\|[78DEHM]|[()].",
            found[1],
        ), repr(found[0])
    assert "\x1b]52" not in shown
    assert "\x1b[6n" not in shown
