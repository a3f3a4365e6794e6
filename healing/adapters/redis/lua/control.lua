-- CONTROL action, by, why, for (ms, 0: no end), expected epoch (-1: any), terms (JSON, for action `terms`),
-- key (asking for the same action twice with the same one asks once; empty: every time counts).
-- Answers the view and whether it was done; it is not when somebody else was first.
local action, by, why, lasts, expected, given = ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10]
local key = ARGV[11]
local LOOK_BACK = 200 -- acts on breakers of the shard
advance()
if key ~= '' then
  for _, entry in ipairs(redis.call('XREVRANGE', LOG, '+', '-', 'COUNT', LOOK_BACK)) do
    local done = {}
    for i = 1, #entry[2], 2 do done[entry[2][i]] = entry[2][i + 1] end
    if done.breaker == NAME and done.key == key and done.action == action then return { view(), 1 } end
  end
end
if expected >= 0 and expected ~= b.epoch then return { view(), 0 } end
local before = b.mode == 'auto' and b.state or b.mode
b.said = now
if action == 'reset' then
  b.mode, b.mode_until, b.by, b.why = 'auto', 0, by, why
  close('operator')
elseif action == 'terms' then
  b.terms = given
  b.epoch = b.epoch + 1
  tell()
else
  b.mode, b.by, b.why = action, by, why
  b.mode_until = (lasts > 0 and action ~= 'auto') and now + lasts or 0
  b.epoch = b.epoch + 1
  tell()
end
redis.call('XADD', LOG, 'MAXLEN', '~', 10000, '*', 'breaker', NAME, 'action', action, 'by', by, 'why', why,
  'for_ms', lasts, 'before', before, 'epoch', b.epoch, 'terms', given, 'key', key)
return { view(), 1 }
