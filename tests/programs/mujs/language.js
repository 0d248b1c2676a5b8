// Exceptions through many frames, closures, regular expressions, sorting, numbers, JSON.
function deep(n) {
  if (n === 0) throw new RangeError("bottom");
  try { return deep(n - 1) + 1; } finally { deep.unwound++; }
}
deep.unwound = 0;
try { deep(60); } catch (e) { print(e.name, e.message, deep.unwound); }
try { null.x; } catch (e) { print(e instanceof TypeError); }
try { eval("1 +"); } catch (e) { print(e instanceof SyntaxError); }
function forever() { return forever() + 1; }
try { forever(); } catch (e) { print("recursion ends:", e instanceof Error); }

var primes = [], composite = {};
for (var i = 2; i < 20000; i++) {
  if (composite[i]) continue;
  primes.push(i);
  for (var j = i * i; j < 20000; j += i) composite[j] = true;
}
print(primes.length, primes[primes.length - 1]);

var text = "2024-01-31, 1999-12-24; not 20-1-1";
print(text.replace(/(\d{4})-(\d\d)-(\d\d)/g, "$3.$2.$1"), text.match(/\b\d{4}\b/g), /(a+)+$/.test("aaaa"));
print([3, 1, 2, 10, -5].sort(), [3, 1, 2, 10, -5].sort(function (a, b) { return a - b; }));
print(0.1 + 0.2, 1 / 3, 1e21, -0, 1 / -0, NaN, 5 % -3, -5 % 3, 1 << 31, 1 >>> 0, -1 >>> 0, (255).toString(16));
print((123.456).toFixed(1), (1e-7).toPrecision(3), parseInt("077"), parseFloat("3.5abc"), Math.pow(2, 0.5));
print(JSON.stringify({a: [1, {b: null}, "ü\n"], c: undefined, d: new Date(0)}), JSON.parse('{"x": [1, 2.5e3]}').x[1]);
var add = function (a) { return function (b) { return a + b; }; };
print([1, 2, 3].map(add(10)).reduce(function (a, b) { return a * b; }), "abc".split("").reverse().join(""));
var hash = 0;
for (var k = 0; k < 1000000; k++) hash = ((hash << 5) - hash + k) | 0;
print(hash);
