# ctest: labels=conformance timeout=300
"""YAML in and out is PyYAML's: random values and nasty texts go through both writers and both readers.

Both get the same random numbers each time; SPILE_YAML_SEED and SPILE_YAML_COUNT are for longer searches.
"""
import json
import math
import os
import random
import subprocess

import pytest
import yaml

COUNT = int(os.environ.get("SPILE_YAML_COUNT", "2000"))
SEED = int(os.environ.get("SPILE_YAML_SEED", "1"))

WORDS = [
    "", "~", "null", "Null", "NULL", "yes", "No", "ON", "off", "true", "False", "tRUE", "y", "n", "=", "<<", "!", "&", "*", "-",
    "--", "---", "---a", "...", "?", ":", "a:", ":a", "a: b", "a :b", "a#b", "a #b", "#", ",", "a,b", "[", "]", "{", "}", "a[0]",
    "|", ">", "'", '"', "%", "@", "`", "- a", "-a", "? a", "?a", "0", "00", "08", "0x1F", "0x", "0x_", "0b10", "0b2", "0o7",
    "017", "1_000", "_1", "+1", "-1", "1.", "1.5", ".5", "-.5", "1e5", "1.0e5", "1.0e+5", "1.5E-3", ".inf", "-.INF", ".nan",
    "+.nan", "1:30", "1:60", "12:30:45.5", "2001-01-01", "2001-1-1", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43",
    "a\\b", "a'b", 'a"b', "it's", "''", "x" * 121, "x" * 122, "x" * 123, "é" * 122, "a b " * 30, "a  b " * 30, " a", "a ", "a\n",
    "\na", "a\nb", "a\n\nb", "a \nb", "a\n b", "\n", "\n\n", "\t", "a\tb", "\r", "a\r\nb", "\0", "\x7f", "\x85", "\xa0", "\u2028",
    "a\u2029b", "\ufeff", "\ufffe", "\uffff", "\ud7ff", "\ue000", "é", "日本語", "😀", "\U0010fffe", "\U0010ffff",
]
ALPHABETS = [
    "abcdefgh",
    "ab   ",
    "ab \n",
    "ab'\" \\\n",
    "a-:?#,[]{}&*!|>'\"%@` \n",
    "0123456789_.:+-eExXbBoO",
    "nulNULtrueTRUEyesoffnaif~",
    "a é\xa0\x85\u2028\u2029\ufeff日😀\n\t\r\0\x07\x1b\x7f",
]
OPTIONS = [
    {},
    {"default_flow_style": True},
    {"default_flow_style": None, "width": 20},
    {"default_style": '"', "width": 30},
    {"default_style": "'", "allow_unicode": True},
    {"default_style": "|", "allow_unicode": True},
    {"default_style": ">", "width": 15, "allow_unicode": True},
    {"indent": 5, "explicit_start": True, "explicit_end": True},
]


# ---- random values ---------------------------------------------------------------------------------------------------------------


def random_text(rng):
    kind = rng.random()
    if kind < 0.35:
        return rng.choice(WORDS)
    if kind < 0.5:
        return rng.choice(WORDS) + rng.choice(["", " ", "\n", ": ", " #", "'", '"', ","]) + rng.choice(WORDS)
    alphabet = rng.choice(ALPHABETS)
    return "".join(rng.choice(alphabet) for _ in range(rng.choice([1, 3, 8, 20, 90, 130, 200])))


def random_number(rng):
    return rng.choice([
        rng.randint(-1000, 1000), rng.randint(-(2**63), 2**63 - 1),
        2**64 - 1, -(2**63), 0.0, -0.0, 1e16, 1e22, 1e-5, 5e-324, 1.7976931348623157e308, rng.random(),
        rng.uniform(-1e20, 1e20), float(rng.randint(-(10**17), 10**17)), 10.0 ** rng.randint(-300, 300),
    ])


def random_value(rng, depth=0):
    kind = rng.random()
    if kind < 0.25 and depth < 6:
        return [random_value(rng, depth + 1) for _ in range(rng.randint(0, 4))]
    if kind < 0.6 and depth < 6:
        return {random_text(rng): random_value(rng, depth + 1) for _ in range(rng.randint(0, 4))}
    if kind < 0.9:
        return random_text(rng)
    return random_number(rng) if kind < 0.96 else rng.choice([None, True, False])


def deep_value(depth, leaf):
    """Indented so far that every line is beyond column 80."""
    for level in range(depth):
        leaf = [leaf] if level % 2 else {"k": leaf}
    return leaf


def values():
    rng = random.Random(SEED)
    yield from WORDS
    yield from ([word] for word in WORDS)
    yield from ({word: word} for word in WORDS)
    yield from ({word: [word, {word: {word: None}}]} for word in WORDS)
    yield from (deep_value(90, word) for word in WORDS)
    yield from (random_value(rng) for _ in range(COUNT))


def mutated(rng, text):
    """The text with a few characters put in, taken out or doubled: often no YAML any more."""
    for _ in range(rng.randint(1, 3)):
        at, end = sorted(rng.randint(0, len(text)) for _ in range(2))
        end = min(end, at + rng.choice([0, 0, 1, 5]))
        text = text[:at] + rng.choice([rng.choice(WORDS), rng.choice("\n :-#'\"[]{},&*!|>?%@"), text[at:end] * 2, ""]) + text[end:]
    return text


# ---- PyYAML, with the differences that yaml.h names --------------------------------------------------------------------------------


class Refused(yaml.YAMLError):
    pass


TAG = "tag:yaml.org,2002:"


class Rules:
    """Keys are texts and come once; no merge keys; numbers fit JSON; timestamps, "=" and "<<" are texts; no other tags; no empty text."""

    def get_single_node(self):
        node = super().get_single_node()
        if node is None:
            raise Refused("no document")
        return node

    def looks_as(self, node):
        """The tag that it has as a plain scalar."""
        return self.resolve(yaml.ScalarNode, node.value, (True, False))

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        if not all(isinstance(key, str) for key in keys) or len(set(keys)) < len(keys):
            raise Refused("keys")
        if any(key.tag == TAG + "merge" for key, _ in node.value):
            raise Refused("merge")
        for key, _ in node.value:
            if key.tag != self.looks_as(key):  # it has quotes or a tag of its own
                self.construct_object(key)
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}

    def construct_scalar_as_text(self, node):
        if node.tag != self.looks_as(node):
            raise Refused("tag")
        return self.construct_yaml_str(node)

    def construct_number(self, node):
        kind = node.tag[len(TAG):]
        try:
            number = self.construct_yaml_int(node) if kind == "int" else self.construct_yaml_float(node)
        except (ValueError, IndexError) as error:
            raise Refused("number") from error
        if kind == "int" and not (self.looks_as(node) == node.tag and -(2**63) <= number < 2**64) or not math.isfinite(number):
            raise Refused("number")
        return number


class Loader(Rules, yaml.SafeLoader):
    pass


class LibyamlLoader(Rules, yaml.CSafeLoader):
    """Takes its events from libyaml, as we do, which reads a few texts that PyYAML's own parser refuses, and the other way round.

    That of PyYAML's wheels is a bit newer than ours and also reads [?], which the seeds of the tests do not find.
    """


for loader in (Loader, LibyamlLoader):
    for name in ("int", "float"):
        loader.add_constructor(TAG + name, Rules.construct_number)
    for name in ("timestamp", "value", "merge", "yaml"):
        loader.add_constructor(TAG + name, Rules.construct_scalar_as_text)
    for name in ("binary", "omap", "pairs", "set"):
        loader.add_constructor(TAG + name, yaml.SafeLoader.construct_undefined)


def reference_read(text, loader=Loader):
    """(True, value) or (False, why)."""
    if "\ufeff" in text[1:]:
        return False, "a byte order mark"
    try:
        return True, yaml.load(text, loader)
    except (yaml.YAMLError, ValueError, KeyError, IndexError, AttributeError) as error:
        return False, repr(error)


def reference_write(value):
    return yaml.dump(value, allow_unicode=True, default_flow_style=False, sort_keys=False)


def exact(value):
    """Tells 1 from 1.0 and true, 0.0 from -0.0, and orders of keys."""
    return json.dumps(value, ensure_ascii=True)


# ---- ours ------------------------------------------------------------------------------------------------------------------------


class Filter:
    def __init__(self):
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        self.process = subprocess.Popen([os.path.join(os.environ["SPILE_FILTERS"], "yaml_filter")], **pipes)

    def call(self, kind, text):
        request = text.encode()
        self.process.stdin.write(f"{kind}{len(request)}\n".encode() + request)
        self.process.stdin.flush()
        head = self.process.stdout.readline()
        assert head, f"the filter ended with {self.process.wait()} on {text!r}: {self.process.stderr.read().decode()}"
        return head[:1] == b"+", self.process.stdout.read(int(head[1:])).decode()

    def read(self, text):
        done, answer = self.call("r", text)
        return (True, json.loads(answer)) if done else (False, answer)

    def write(self, value):
        return self.call("w", json.dumps(value))

    def close(self):
        """What it printed to standard error."""
        self.process.stdin.close()
        printed = self.process.stderr.read().decode()
        return self.process.wait(), printed


@pytest.fixture
def ours():
    running = Filter()
    yield running
    assert running.close() == (0, "")


# ---- tests -----------------------------------------------------------------------------------------------------------------------


def test_written_as_pyyaml_writes(ours):
    for value in values():
        assert ours.write(value) == (True, reference_write(value)), repr(value)


def test_infinities_are_written_as_pyyaml_writes(ours):
    for value in (math.inf, -math.inf, math.nan, [math.inf], {"a": -math.inf}):
        assert ours.write(value) == (True, reference_write(value))


def test_written_is_read_again(ours):
    """As PyYAML reads it: of what it writes itself, U+0085 and some texts far to the right do not come back."""
    same = 0
    for value in values():
        text = ours.write(value)[1]
        done, want = reference_read(text)
        got = ours.read(text)
        assert got[0] == done and (not done or exact(got[1]) == exact(want)), (text, want, got)
        same += done and exact(want) == exact(value)
    assert same > COUNT * 0.9


def test_all_styles_are_read(ours):
    rng = random.Random(SEED + 1)
    for value in values():
        text = yaml.dump([value], sort_keys=False, **rng.choice(OPTIONS))
        done, want = reference_read(text)
        got = ours.read(text)
        assert got[0] == done and (not done or exact(got[1]) == exact(want)), (text, want, got)


def test_plain_scalars_are_typed_as_pyyaml_types(ours):
    rng = random.Random(SEED + 2)
    alphabets = ["01789_.:+-eE", "0bx_1aF", "nulNaAiIfF.~+-", "trueyesonoffTRUEYESNF", "0123-:tTZ .+"]
    texts = [word for word in WORDS if word.isascii() and word.isprintable()]
    texts += ["".join(rng.choice(rng.choice(alphabets)) for _ in range(rng.randint(1, 12))) for _ in range(COUNT)]
    texts += ["".join(rng.choice(alphabet) for _ in range(rng.randint(1, 7))) for alphabet in alphabets for _ in range(COUNT)]
    for text in texts:
        quoted = "'" + text.replace("'", "''") + "'"
        for document in (quoted, "! " + quoted, "!!bool " + quoted, "!!null " + quoted, "- " + text):
            done, want = reference_read(document)
            got = ours.read(document)
            assert got[0] == done and (not done or exact(got[1]) == exact(want)), (document, want, got)


def test_mutations_are_read_as_by_libyaml_and_pyyaml(ours):
    """What is YAML is for libyaml to say; what it means, for PyYAML."""
    rng = random.Random(SEED + 3)
    both = 0
    for value in values():
        text = mutated(rng, yaml.dump(value, sort_keys=False, **rng.choice(OPTIONS)))
        done, want = reference_read(text)
        got = ours.read(text)
        assert got[0] == reference_read(text, LibyamlLoader)[0], (text, want, got)
        assert not (done and got[0]) or exact(got[1]) == exact(want), (text, want, got)
        both += done and got[0]
    assert both > COUNT / 4
