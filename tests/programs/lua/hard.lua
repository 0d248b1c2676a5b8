-- Errors through protected calls and coroutines, closures, the collector, string patterns, integer and float arithmetic.
local function deep(n) if n == 0 then error({code = 42}) end return 1 + deep(n - 1) end
for _, n in ipairs {0, 1, 10, 100, 1000} do
  local ok, e = pcall(deep, n)
  print(n, ok, type(e) == "table" and e.code)
end
print(pcall(string.rep, "x", -1))
print(select("#", pcall(error)))
local function forever() return forever() + 1 end
local ok, message = pcall(forever)
print(ok, (tostring(message):gsub(".*: ", "")))

local co = coroutine.wrap(function(a)
  for i = 1, 3 do
    local ok, e = pcall(function() a = coroutine.yield(a * i); error("inside " .. a) end)
    print(ok, e)
  end
  return "done"
end)
for i = 1, 4 do print(co(i)) end

local weak = setmetatable({}, {__mode = "k"})
local closed = 0
for i = 1, 50000 do
  weak[{}] = i
  if i % 5000 == 0 then
    local resource <close> = setmetatable({}, {__close = function() closed = closed + 1 end})
  end
end
collectgarbage()
print("alive", next(weak) == nil, "closed", closed)

local words = {}
for w in ("the quick brown fox jumps over the lazy dog the end"):gmatch("%a+") do words[w] = (words[w] or 0) + 1 end
local keys = {}
for k in pairs(words) do keys[#keys + 1] = k end
table.sort(keys, function(a, b) return words[a] > words[b] or (words[a] == words[b] and a < b) end)
for _, k in ipairs(keys) do io.write(k, "=", words[k], " ") end
print()
print(7 // 2, -7 // 2, 7 % -3, -7 % 3, 7.5 // 2, 2 ^ 53, 1 << 62, 1 << 64, ~0, 5 // 0.0, 0/0 ~= 0/0)
print(math.maxinteger + 1 == math.mininteger, math.tointeger(3.0), 3 | 0, "10" + 5, 1e15, 1e16, 0.1)
print(string.format("%5.2f|%-8s|%x|%q|%g", 3.14159, "ab", 255, "a\nb\0c", 1e100))
print(string.pack("<i4d", 7, 1.5):byte(1, -1))
print(utf8.char(228, 8364, 128512), utf8.len("äöü"), #"äöü")
local sum = 0
for i = 1, 3000000 do sum = (sum * 31 + i) & 0xffffffff end
print(sum)
local t = {}
for i = 1, 200000 do t[i] = (i * 7919) % 200003 end
table.sort(t)
print(t[1], t[100000], t[200000], #table.concat(t, ","))
local f = assert(io.open("fib.lua"))
print(#f:read("a") > 0, f:seek("set", 2), f:read(5), f:close())
print((select(2, io.open("no such file"))))
print(pcall(require, "nothing.here") == false, os.getenv("NOT_SET"))
