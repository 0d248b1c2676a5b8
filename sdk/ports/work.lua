-- Work for Lua's interpreter, one kind at a time: lua work.lua numbers|tables|strings|closures|coroutines
local work = {}

function work.numbers()
  local n, bodies = 120, {}
  local u, v, w = {}, {}, {}
  local function a(i, j) return 1.0 / ((i + j) * (i + j + 1) // 2 + i + 1) end
  for i = 1, n do u[i] = 1.0 end
  local function times(from, to, turned)
    for i = 1, n do
      local sum = 0.0
      for j = 1, n do sum = sum + (turned and a(j - 1, i - 1) or a(i - 1, j - 1)) * from[j] end
      to[i] = sum
    end
  end
  for _ = 1, 60 do
    times(u, w, false)
    times(w, v, true)
    u, v = v, u
    local norm = 0.0
    for i = 1, n do norm = norm + u[i] * u[i] end
    norm = norm ^ 0.5
    for i = 1, n do u[i] = u[i] / norm end
  end
  local hash = 0
  for i = 1, 8000000 do hash = (hash ~ (i * 2654435761)) & 0xffffffff end
  print(string.format("%.15g %.15g %d", u[1], u[n], hash))
end

function work.tables()
  local seed, t = 42, {}
  local function random(m)
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return seed % m + 1
  end
  for i = 1, 300000 do t[i] = random(1000000) end
  table.sort(t)
  local count = {}
  for i = 1, #t do count[t[i]] = (count[t[i]] or 0) + 1 end
  local most = 0
  for _, c in pairs(count) do most = math.max(most, c) end
  local function tree(depth) return depth == 0 and {} or {tree(depth - 1), tree(depth - 1)} end
  local function nodes(node) return node[1] and 1 + nodes(node[1]) + nodes(node[2]) or 1 end
  local all = 0
  for depth = 4, 16, 2 do all = all + nodes(tree(depth)) end
  print(t[1], t[#t], most, all)
end

function work.strings()
  local words, lines = {}, {}
  for i = 1, 60000 do lines[i] = string.format("%05d the quick brown fox %x jumps over %g lazy dogs", i, i * 7919, i / 7) end
  local text = table.concat(lines, "\n")
  for word in text:gmatch("%a+") do words[word] = (words[word] or 0) + 1 end
  local changed, n = text:gsub("(%w+) (%w+)", "%2 %1")
  local found = 0
  for line in text:gmatch("[^\n]+") do
    if line:find("f[%l]x %x+7 ") then found = found + 1 end
  end
  local upper, bytes = changed:upper(), 0
  for i = 1, #upper, 3 do bytes = (bytes * 31 + upper:byte(i)) & 0xffffff end
  print(#text, words.the, n, found, bytes)
end

function work.closures()
  local Account = {}
  Account.__index = Account
  function Account.new(b) return setmetatable({balance = b}, Account) end
  function Account:add(x) self.balance = self.balance + x; return self end
  local function compose(f, g) return function(x) return f(g(x)) end end
  local id = function(x) return x + 1 end
  for _ = 1, 20 do id = compose(id, function(x) return x end) end
  local sum = 0
  for i = 1, 100000 do sum = sum + id(i) end
  local account = Account.new(0)
  for i = 1, 3000000 do account:add(i % 7) end
  local failed = 0
  for i = 1, 200000 do
    if not pcall(function() if i % 3 == 0 then error("third") end end) then failed = failed + 1 end
  end
  print(sum, account.balance, failed)
end

function work.coroutines()
  local function numbers(n) return coroutine.wrap(function() for i = 2, n do coroutine.yield(i) end end) end
  local function without(p, from)
    return coroutine.wrap(function()
      for x in from do
        if x % p ~= 0 then coroutine.yield(x) end
      end
    end)
  end
  local last, n = 0, 0
  for _ = 1, 40 do  -- 78 primes, a chain of as many coroutines; two hundred C calls are Lua's limit
    local source = numbers(400)
    while true do
      local p = source()
      if not p then break end
      last, n = p, n + 1
      source = without(p, source)
    end
  end
  print(last, n)
end

work[arg[1]]()
