-- SETTLE token, epoch, outcome (1 good, 0 failed, -1 given back unused), told (ms).
-- One that is lost, settled or of another epoch is ignored. Answers the view and whether it counted.
local token, epoch, outcome, told = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
advance()
if b.state ~= 'half_open' or b.epoch ~= epoch or redis.call('ZREM', LEASES, token) == 0 then
  return { view(), 0 }
end
if outcome == 1 then
  b.succeeded = b.succeeded + 1
elseif outcome == 0 then
  b.failed = b.failed + 1
else
  b.admitted = b.admitted - 1
end
save()
decide(told)
return { view(), 1 }
