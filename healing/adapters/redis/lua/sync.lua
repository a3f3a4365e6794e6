-- SYNC instance, calls, failed, slow, spread: add what one process counted, and judge all of it.
local instance, calls, failed, slow, spread = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
advance(spread)
local second = math.floor(now / 1000)
redis.call('HSET', WINDOW, 'm' .. instance, second)
if b.state == 'closed' then
  if calls > 0 then redis.call('HINCRBY', WINDOW, 'c' .. second, calls) end
  if failed > 0 then redis.call('HINCRBY', WINDOW, 'f' .. second, failed) end
  if slow > 0 then redis.call('HINCRBY', WINDOW, 's' .. second, slow) end
  if failed + slow > 0 then redis.call('HSET', WINDOW, 'i' .. instance, second) end
end
redis.call('PEXPIRE', WINDOW, terms.window + MORE)
local got = sum()
if b.state == 'closed' and got.failing >= math.min(terms.quorum, got.members) then
  if terms.fail_count > 0 and got.failed >= terms.fail_count then
    open('fail_count', spread)
  elseif got.calls >= terms.min_calls and got.calls > 0 then
    if terms.fail_rate > 0 and got.failed >= terms.fail_rate * got.calls then
      open('fail_rate', spread)
    elseif terms.slow_rate > 0 and got.slow >= terms.slow_rate * got.calls then
      open('slow_rate', spread)
    end
  end
end
local new_terms = b.given ~= ARGV[3]
b.given = ARGV[3]
-- Told as well when the index has forgotten it, so that one that never changes is always found.
if redis.call('EXISTS', STANDING) == 0 or not redis.call('ZSCORE', INDEX, NAME) then
  tell()
elseif new_terms then
  save()
else
  live()
end
return view(got)
