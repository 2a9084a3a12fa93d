package redisstore

import (
	"context"

	"github.com/redis/rueidis"
)

// Scripts that change something. Each has one key, and is one step for everybody
// else. What is told is told first: a user who may not publish changes nothing.
const (
	// Fields and values of a record follow its expiry. 0: the key exists, 2: it
	// would have expired.
	scriptCreate = `
local now = redis.call('TIME')
if tonumber(ARGV[1]) <= now[1] * 1000 + now[2] / 1000 then return 2 end
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIREAT', KEYS[1], ARGV[1])
return 1`

	// The version that was, the new one, the value, the channel, the message.
	// 0: there is no record, 1: it has another version, 3: it has none.
	scriptUpdate = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local version = redis.call('HGET', KEYS[1], 'v')
if not version then return 3 end
if version ~= ARGV[1] then return 1 end
redis.call('PUBLISH', ARGV[4], ARGV[5])
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'd', ARGV[3])
return 2`

	scriptTouch = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'n', ARGV[1], 'e', ARGV[2])
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
return 1`

	// The channel, the message. Returns whether the record was there, its user and
	// its sid. What is no record is removed too.
	scriptDelete = `
if redis.call('EXISTS', KEYS[1]) == 0 then return {'0', '', ''} end
local of = redis.pcall('HMGET', KEYS[1], 'u', 'i')
redis.call('PUBLISH', ARGV[1], ARGV[2])
redis.call('DEL', KEYS[1])
return {'1', of[1] or '', of[2] or ''}`

	// The member, its expiry. Both only ever rise: List goes by them.
	scriptIndex = `
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])` + raiseExpiry + `
raise(KEYS[1], ARGV[2])
return 1`

	scriptAcquire = `
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`

	scriptRelease = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`

	scriptNote = raiseExpiry + `
redis.call('SET', KEYS[1], '1', 'NX', 'PXAT', ARGV[1])
raise(KEYS[1], ARGV[1])
return 1`

	// raiseExpiry moves the expiry of a key, but not to an earlier time.
	raiseExpiry = `
local function raise(key, expiry)
  local now, left = redis.call('TIME'), redis.call('PTTL', key)
  if left == -1 or left < tonumber(expiry) - now[1] * 1000 - now[2] / 1000 then
    redis.call('PEXPIREAT', key, expiry)
  end
end`
)

// Scripts of the sorted sets and the stream, which are read page by page.
const (
	// A score, a member and a limit: the members after that place, with their
	// scores. If the member is no longer there the score is begun again.
	scriptPage = `
local from = 0
if ARGV[2] ~= '' then
  local score, rank = redis.call('ZSCORE', KEYS[1], ARGV[2]), redis.call('ZRANK', KEYS[1], ARGV[2])
  if score and tonumber(score) == tonumber(ARGV[1]) then
    from = rank + 1
  else
    from = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[1])
  end
end
return redis.call('ZRANGE', KEYS[1], from, from + ARGV[3] - 1, 'WITHSCORES')`

	// Scope, handle, issued, until of each. Entries at the beginning that all
	// have expired go; one that has not keeps those behind it.
	scriptAppend = raiseExpiry + `
local last = ARGV[4]
for n = 1, #ARGV, 4 do
  redis.call('XADD', KEYS[1], '*', 's', ARGV[n], 'h', ARGV[n+1], 't', ARGV[n+2], 'u', ARGV[n+3])
  if tonumber(ARGV[n+3]) > tonumber(last) then last = ARGV[n+3] end
end
local now, expired = redis.call('TIME'), {}
local function over(entry)
  for n = 1, #entry[2], 2 do
    if entry[2][n] == 'u' then return tonumber(entry[2][n+1]) <= now[1] * 1000 + now[2] / 1000 end
  end
  return false
end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
if #first == 1 and over(first[1]) then
  for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 200)) do
    if not over(entry) then break end
    expired[#expired+1] = entry[1]
  end
  redis.call('XDEL', KEYS[1], unpack(expired))
end
raise(KEYS[1], last)
return #expired`

	// A place and a limit: the entries after it, and where they begin. A place
	// that is not there, although something before it is, or although nothing is
	// there at all, is of a log that has lost its end: it is begun again.
	scriptFollow = `
local after = ARGV[1]
if #redis.call('XRANGE', KEYS[1], after, after) == 0 then
  local before = #redis.call('XRANGE', KEYS[1], '-', after, 'COUNT', 1)
  if before > 0 or redis.call('EXISTS', KEYS[1]) == 0 then after = '0-0' end
end
return {after, redis.call('XRANGE', KEYS[1], '(' .. after, '+', 'COUNT', ARGV[2])}`
)

// eval is a call of a script. The text goes with each, because then nothing has to
// be loaded first, and nothing is named by a SHA-1.
func eval(c rueidis.Client, script, key string, args ...string) rueidis.Completed {
	return c.B().Eval().Script(script).Numkeys(1).Key(key).Arg(args...).Build()
}

// number64 is one call of a script that returns a number.
func (l *link) number64(ctx context.Context, script, key string, args ...string) (int64, error) {
	return ask(ctx, l, callTimeout, func(ctx context.Context, c rueidis.Client) (int64, error) {
		return c.Do(ctx, eval(c, script, key, args...)).AsInt64()
	})
}

// each makes several calls at once and returns the answers up to the first error.
func (l *link) each(ctx context.Context, calls func(rueidis.Client) []rueidis.Completed) ([]rueidis.RedisResult, error) {
	return ask(ctx, l, callTimeout, func(ctx context.Context, c rueidis.Client) ([]rueidis.RedisResult, error) {
		results := c.DoMulti(ctx, calls(c)...)
		for n, r := range results {
			if err := r.Error(); err != nil {
				return results[:n], err
			}
		}
		return results, nil
	})
}
