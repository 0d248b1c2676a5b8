"""Much of the standard library; prints nothing that depends on the version or the platform."""

import array
import base64
import bisect
import bz2
import collections
import contextlib
import csv
import dataclasses
import datetime
import decimal
import difflib
import enum
import fractions
import functools
import hashlib
import heapq
import hmac
import io
import itertools
import json
import math
import operator
import pickle
import random
import re
import sqlite3
import statistics
import string
import struct
import sys
import textwrap
import typing
import unicodedata
import urllib.parse
import xml.etree.ElementTree as tree
import zlib


@dataclasses.dataclass(order=True)
class Point:
    x: float
    y: float = 0.0
    tags: list[str] = dataclasses.field(default_factory=list, compare=False)


class Colour(enum.Flag):
    RED = enum.auto()
    GREEN = enum.auto()
    BLUE = enum.auto()


def encodings():
    value = {"a": [1, 2.5, None, True, "ü\n"], "nested": {"k": [[], {}]}, "big": 10**30}
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    print(text, json.loads(text) == value, json.dumps(1e400), json.dumps("\u2028"))
    try:
        json.loads('{"a": [1, 2,, 3]}')
    except json.JSONDecodeError as error:
        print(type(error).__name__, error.lineno, error.colno)
    print(base64.b85encode(b"hello world"), base64.b32encode(b"x"), urllib.parse.quote("a b/ü"), zlib.crc32(b"abc"))
    data = b"all work and no play " * 5000
    packed = zlib.compress(data, 9)
    print(len(packed) < len(data) // 50, zlib.decompress(packed) == data)
    print(pickle.loads(pickle.dumps([Point(1, 2, ["t"]), {1, 2}, b"x"], 5)))
    print(struct.pack("<hIq?3sd", -2, 7, 2**40, True, b"ab", 1.5).hex(), struct.unpack(">f", b"\x40\x49\x0f\xdb")[0])
    rows = io.StringIO()
    csv.writer(rows).writerows([["a", 'say "hi"', 3], [None, "x,y", "line\nbreak"]])
    print(repr(rows.getvalue()), list(csv.DictReader(io.StringIO("k,v\n1,2\n"))))
    root = tree.fromstring("<a x='1'><b>t&amp;u</b><b/></a>")
    print([(e.tag, e.text, e.attrib) for e in root.iter()], tree.tostring(root))


def hashes():
    for name in ("md5", "sha1", "sha256", "sha3_512", "blake2b"):
        print(name, hashlib.new(name, b"weft" * 1000).hexdigest())
    print(hmac.new(b"key", b"message", "sha256").hexdigest())
    digest = b"salt"
    for _ in range(2000):
        digest = hmac.digest(b"secret", digest, "sha256")
    print(digest.hex(), zlib.adler32(digest), bz2.decompress(bz2.compress(digest * 100)) == digest * 100)


def numbers():
    with decimal.localcontext() as context:
        context.prec = 60
        print(decimal.Decimal(2).sqrt(), decimal.Decimal(1) / 7, decimal.Decimal("1e-50") + 1)
    print(fractions.Fraction(3, 7) + fractions.Fraction(1, 3), fractions.Fraction(0.1).limit_denominator(100))
    print(math.factorial(60), pow(3, 10**6, 10**9 + 7), math.isqrt(10**41), math.comb(100, 50), (-7) // 2, -7 % 3)
    print(2**0.5, 1 / 3, math.pi, math.sin(1), math.hypot(3, 4), math.fmod(7.5, 2), float("1e-320"), 0.1 + 0.2, round(2.675, 2))
    print(f"{1234567.891:,.2f} {255:#x} {3:08b} {1e-10:g} {float('nan')} {math.inf:>8}", hash(1.5) == hash(decimal.Decimal("1.5")))
    generator = random.Random(42)
    sample = [generator.gauss(0, 1) for _ in range(20000)]
    print(statistics.fmean(sample), statistics.pstdev(sample), generator.sample(range(1000), 5), generator.getrandbits(100))
    try:
        1 // 0
    except ZeroDivisionError as error:
        print(error)


def text():
    print(re.sub(r"(?P<y>\d{4})-(\d\d)", r"\2/\g<y>", "2024-01, 1999-12"), re.findall(r"(?i)\bw\w+", "Warp weft, woven"))
    print(re.split(r"\s*[,;]\s*", "a , b;c"), bool(re.fullmatch(r"(a|b)*abb", "ab" * 500 + "abb")))
    print(textwrap.fill("the quick brown fox jumps over the lazy dog", 20), string.Template("$a ${b}").substitute(a=1, b=2))
    print(unicodedata.normalize("NFD", "é").encode(), "ß".upper(), "İ".lower().encode(), "\N{EURO SIGN}".encode("utf-16-le"))
    print("\n".join(difflib.unified_diff("a b c".split(), "a x c".split(), lineterm="")))
    print(repr("tab\t\x00\ud800".encode("utf-8", "surrogatepass")), ascii("ü"), "%-5s|%5.1f" % ("a", 2.25))
    moment = datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone.utc)
    print(moment + datetime.timedelta(days=366), moment.isoformat(), moment.strftime("%A %j %U"), datetime.date(2024, 12, 30).isocalendar()[1])


def structures():
    print(sorted([Point(2, 1), Point(1, 5), Point(1, 2)]), Colour.RED | Colour.BLUE, list(Colour))
    counter = collections.Counter("mississippi")
    print(counter.most_common(2), sorted(counter.items()), collections.deque(range(10), 3))
    heap = [5, 1, 4]
    heapq.heapify(heap)
    print(heapq.nsmallest(2, heap), bisect.bisect([1, 2, 2, 3], 2), list(itertools.islice(itertools.permutations("abc"), 3)))
    print(functools.reduce(operator.xor, range(100)), array.array("d", [1, 2]).tobytes().hex(), typing.get_type_hints(Point)["x"])
    print([*itertools.accumulate(range(6), operator.add)], dict(zip("ab", itertools.count())), {**{"a": 1}, "b": 2})


def control():
    @functools.lru_cache
    def fibonacci(n):
        return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

    @contextlib.contextmanager
    def scope(name):
        print("enter", name)
        try:
            yield name
        except ValueError as error:
            print("swallowed", error)
        finally:
            print("leave", name)

    def numbers_until(n):
        received = 0
        for i in range(n):
            received += (yield i + received) or 0

    print(fibonacci(40), fibonacci.cache_info().hits)
    with scope("a"), scope("b"):
        raise ValueError("inside")
    generator = numbers_until(4)
    print(next(generator), generator.send(10), generator.send(5), list(generator))
    def deep(n):
        return 0 if n == 0 else 1 + deep(n - 1)
    print(deep(400))
    try:
        deep(10**6)
    except RecursionError:
        print("recursion ends")
    match {"kind": "point", "at": (1, 2)}:
        case {"kind": "point", "at": (x, y)} if x < y:
            print("matched", x, y)


def files():
    print(sys.argv[1:], len(sys.stdin.read()) > 1000)
    try:
        open("/no/such/file")
    except FileNotFoundError as error:
        print(error.errno is not None, error.filename)
    with open(__file__, encoding="utf-8") as file:
        print(file.readline().strip(), file.seek(0), len(file.readlines()) > 100)


def database():
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t(a integer primary key, b text, c real)")
    connection.executemany("insert into t(b, c) values (?, ?)", ((f"row {i}", i / 7) for i in range(2000)))
    print(connection.execute("select count(*), sum(c), max(b) from t where a % 3 = 0").fetchall())
    try:
        connection.execute("select no_such_column from t")
    except sqlite3.OperationalError as error:
        print(error)
    connection.create_function("twice", 1, lambda x: x * 2)
    print(connection.execute("select twice(b), twice(c) from t limit 2").fetchall())


def work():
    sieve = bytearray([1]) * 200000
    for i in range(2, 450):
        if sieve[i]:
            sieve[i * i :: i] = bytes(len(range(i * i, len(sieve), i)))
    print(sum(sieve) - 2)
    words = {}
    for i in range(60000):
        key = f"{i * 7919 % 5003:x}"
        words[key] = words.get(key, 0) + i
    print(len(words), max(words.items(), key=lambda item: (item[1], item[0])))


for part in (encodings, hashes, numbers, text, structures, control, files, database, work):
    print("---", part.__name__)
    part()
sys.stdout.flush()
sys.exit(5)
