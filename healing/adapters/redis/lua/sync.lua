-- SYNC instance, number, epoch (-1: any), calls, failed, slow, tripped (0 or 1), told (ms):
-- add what one process counted, once, and judge all of it. What it counted in another epoch does not count.
local instance, number, epoch = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local calls, failed, slow = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local is_tripped, told = ARGV[11] == '1', tonumber(ARGV[12])
advance()
local second = math.floor(now / 1000)
local is_new = number > tonumber(redis.call('HGET', NUMBERS, instance) or 0)
redis.call('HSET', NUMBERS, instance, number)
redis.call('ZADD', MEMBERS, second, instance)
redis.call('ZREM', TRIPPED, instance)
if b.state == 'closed' and is_new and (epoch < 0 or epoch == b.epoch) then
  if is_tripped then redis.call('ZADD', TRIPPED, second, instance) end
  if calls > 0 then redis.call('HINCRBY', WINDOW, 'c' .. second, calls) end
  if failed > 0 then redis.call('HINCRBY', WINDOW, 'f' .. second, failed) end
  if slow > 0 then redis.call('HINCRBY', WINDOW, 's' .. second, slow) end
  if failed + slow > 0 then redis.call('ZADD', FAILING, second, instance) end
end
for _, key in ipairs({ WINDOW, MEMBERS, FAILING, TRIPPED, NUMBERS }) do
  redis.call('PEXPIRE', key, terms.window + MORE)
end
local got = sum()

local function exceeded()
  local enough = math.min(terms.quorum, got.members)
  if terms.in_a_row > 0 and got.tripped >= math.max(enough, got.members / 2) then return 'in_a_row' end
  if got.failing < enough then return nil end
  -- How calls of several processes followed each other is not known; none that was good is sure.
  if terms.in_a_row > 0 and got.c >= terms.in_a_row and got.f >= got.c then return 'in_a_row' end
  if terms.fail_count > 0 and got.f >= terms.fail_count then return 'fail_count' end
  if got.c < terms.min_calls or got.c == 0 then return nil end
  if terms.fail_rate > 0 and got.f >= terms.fail_rate * got.c then return 'fail_rate' end
  if terms.slow_rate > 0 and got.s >= terms.slow_rate * got.c then return 'slow_rate' end
end

local because = b.state == 'closed' and exceeded()
if because then open(because, told, got) end
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
