-- What wrk runs: a request as it stands in a file, and what came of it at the end.
--
--   wrk -s load.lua URL -- REQUEST [LINES OFFSET...]
--
-- With LINES each request has the next line of that file in place of its @@. Each thread begins at its own
-- OFFSET in bytes, and at the top again after the last line.

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
  thread:set("number", #threads)
  thread:set("taken", 0)
end

local function next_of(lines, before, after)
  return function()
    taken = taken + 1
    local line = lines:read("*l")
    if not line then
      lines:seek("set", 0)
      line = lines:read("*l")
    end
    return before .. line .. after
  end
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local whole = file:read("*a")
  file:close()
  if not args[2] then
    wrk.format = function() return whole end -- wrk asks once
    return
  end
  local lines = assert(io.open(args[2], "rb"))
  lines:seek("set", tonumber(args[2 + number]))
  local first, last = whole:find("@@", 1, true)
  request = next_of(lines, whole:sub(1, first - 1), whole:sub(last + 1)) -- wrk asks before each request
end

function done(summary, latency)
  io.write(string.format("figures requests=%d microseconds=%d status=%d connect=%d read=%d write=%d timeout=%d p50=%d p99=%d\n",
    summary.requests, summary.duration, summary.errors.status, summary.errors.connect, summary.errors.read,
    summary.errors.write, summary.errors.timeout, latency:percentile(50), latency:percentile(99)))
  for _, thread in ipairs(threads) do
    io.write("taken ", thread:get("taken"), "\n")
  end
end
