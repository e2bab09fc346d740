"""Random documents for comparing with dlt: every shape and type of JSON, nulls, changes of type, awkward names.

Left out is what spile does otherwise on purpose (tests/conformance/test_differences.py): keys that collide within a row, NUL, numbers
beyond 64 bits or double, and what makes dlt itself fail.
"""
import importlib
import random

TEXTS = ["", "x", "it's", 'say "hi"', "back\\slash", "tab\tlf\ncr\r", "\u00e9t\u00e9", "\u65e5\u672c", "\U0001f600", " pad ", "yes", "no", "true",
         "1", "-5", " 7 ", "1_000", "0x1F", "1.5", "1e3", "2024-01-01", "10:30", "P1D", "null", "{}", "[1]", "\u2028", "a" * 300]
TIMES = ["2024-01-01T10:00:00Z", "2024-02-29 23:59:59.123456+05:30", "2024-W05-1T10:00", "2024/03/01 08:00", "20240101T101010Z", "2024-05-05T05",
         "1969-07-20T20:17:40.5-04:00", "2030-12-31 23:59"]
KEYS = ["id", "name", "camelCase", "With Blank", "HTTPServer", "value", "items", "1st", "select", "a-b", "x.y", "50%", "trail_", "\u00e4hm", "deep"]
SCALARS = ["integer", "double", "bool", "text"]


class Generator:
    """One set of documents, the same for the same seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.keys = self.random.sample(KEYS, self.random.randint(2, 7))
        # dlt fails when a text that is no time meets a text variant whose first value was one: a set strays to one of the two.
        self.scalars = SCALARS[:3] + [self.random.choice(["text", "time"])]
        # Most keys keep to one kind of value; how often one strays differs from set to set. Where none does, numbers may be extreme:
        # dlt fails on extreme ones in columns of other types.
        self.stray = self.random.choice([0, 0, 0.05, 0.3])
        kinds = [*self.scalars, "object", "list", "list"] + ["any"] * (self.stray > 0)
        self.kinds = {key: self.random.choice(kinds) for key in self.keys}

    def scalar(self, kind, extreme):
        r = self.random
        values = {
            "integer": [0, 1, -1, 5, r.randint(-1000, 1000), 2**31, 1700000000] + [2**63 - 1, -(2**63), -(2**53) - 1] * extreme,
            "double": [0.0, 1.0, -2.5, 0.1, r.uniform(-1000, 1000), 1e-7, 1234567.25] + [1e16, 1.5e300, 1e22, 5e-324] * extreme,
            "bool": [True, False],
            "text": TEXTS,
            "time": TIMES,
        }
        return r.choice(values[kind])

    def value(self, kind, depth, extreme=True):
        r = self.random
        extreme = extreme and self.stray == 0
        if r.random() < 0.1:
            return None
        if kind == "any" or r.random() < self.stray:
            kind = r.choice([*self.scalars, "object", "list"])
        if kind == "object":
            return self.document(depth - 1) if depth > 0 else {}
        if kind == "list":
            return self.list(depth - 1) if depth > 0 else []
        return self.scalar(kind, extreme)

    def list(self, depth):
        """Of one kind or of any. Scalars of all lists under a key meet in one column, so none of them is extreme."""
        kind = self.random.choice([*self.scalars, "object", "object", "object", "list", "any"])
        return [self.value(kind, depth, extreme=False) for _ in range(self.random.randint(0, 4))]

    def document(self, depth=3):
        keys = self.random.sample(self.keys, self.random.randint(0, len(self.keys)))
        # A key "value" shares its column with scalars of the list around it.
        return {key: self.value(self.kinds[key], depth, extreme=key != "value") for key in keys}

    def documents(self, count):
        return [self.document() for _ in range(count)]


def random_loads(seed):
    """One to three loads of up to 40 documents."""
    generator = Generator(seed)
    return [generator.documents(generator.random.randint(1, 40)) for _ in range(generator.random.randint(1, 3))]


# ---- for thousands of sets ---------------------------------------------------------------------------------------------------------

ODD_KEYS = ["", " ", "_", "+1", "-1", "a+b", "a*b", "p|q", "me@home", "quo\"te", "back\\slash", "new\nline", "{}", "[0]", "$ref", "#", "%",
            "camelCaseID", "UserID2Name", "XMLHttpRequest", "ABc", "A1B2", "snake_case_key", "__lead", "trail__", "dunder__mid", "UPPER", "ünïcode",
            "日本語", "\u0663abc", "😀", "select", "order by", "_dlt_x", "list", "value", "v", "k" * 70, "Some Long Key With Many Words In It",
            "x.y.z", "a/b", "a;b", "a'b", "null", "true", "2024-01-01", "é", "0", "00", "\ttab", "nul", "_id", "ID", "iD", "Type", "type "]


class LiveGenerator(Generator):
    """Deeper, with odder names and more kinds of drift than Generator. Keys whose names would collide are left out: there spile differs
    on purpose."""

    def __init__(self, seed, normalized, extreme=True):
        super().__init__(seed)
        self.extreme = extreme
        pool, names = KEYS + ODD_KEYS, set()
        self.keys = [key for key in self.random.sample(pool, self.random.randint(1, 9))
                     if (name := normalized(key)) and name not in names and not names.add(name)] or ["a"]
        kinds = [*self.scalars, "object", "object", "list", "list"] + ["any"] * (self.stray > 0)
        self.kinds = {key: self.random.choice(kinds) for key in self.keys}
        self.depth = self.random.randint(1, 6)

    def value(self, kind, depth, extreme=True):
        return super().value(kind, depth, extreme and self.extreme)

    def list(self, depth):
        return super().list(depth)[:4 if depth > 3 else 2 if depth < 2 else 3]

    def document(self, depth=None):
        return super().document(self.depth if depth is None else depth)


def without_nulls(value):
    if isinstance(value, dict):
        return {key: without_nulls(child) for key, child in value.items() if child is not None}
    return [without_nulls(child) for child in value if child is not None] if isinstance(value, list) else value


LIVE_BYTES = 6000  # of a set: deep documents branch out, and dlt's time grows with the square of the tables


def live_generator(seed, naming, extreme=True):
    convention = importlib.import_module("dlt.common.normalizers.naming." + naming).NamingConvention()
    return LiveGenerator(seed, lambda key: convention.normalize_path(key).lower(), extreme)


def live_loads(seed, naming="snake_case", nulls=True, extreme=True):
    """One to three loads of up to 12 documents. Names that differ only by case count as colliding. `nulls`: are there any? `extreme`: numbers
    that dlt fails on in columns of other types."""
    generator = live_generator(seed, naming, extreme)
    loads, left = [], LIVE_BYTES
    for number in range(generator.random.randint(1, 3)):
        documents = generator.documents(generator.random.randint(0 if number else 1, 12))
        loads.append([])
        for document in documents:
            left -= len(repr(document))
            if left > 0 or len(loads[0]) == 0:
                loads[-1].append(document if nulls else without_nulls(document))
    return loads


HINTED = ["text", "double", "bool", "bigint", "timestamp", "date", "time", "json", "binary"]


def live_columns(seed, naming="snake_case"):
    """Types for some of the set's keys, as hints of its first load."""
    r = random.Random(-seed)
    return {key: {"data_type": r.choice(HINTED)} for key in live_generator(seed, naming).keys if key.strip() and r.random() < 0.4}
