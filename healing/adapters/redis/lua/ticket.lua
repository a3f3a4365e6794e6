-- TICKET token, mended (0 or 1: who asks has just mended it, and need not wait for the time):
-- ask for leave to make one trial. Answers the view and, when granted, for how long (ms).
-- Asked again with the same token, as when the first answer was lost, it is the same leave.
local token, mended = ARGV[5], ARGV[6] == '1'
advance()
if b.mode == 'forced_open' then return { view(), 0 } end
if b.state == 'open' and now >= b['until'] then
  go('half_open', 'time_over')
elseif b.state == 'open' and mended then
  go('half_open', 'mended')
end
if b.state ~= 'half_open' then return { view(), 0 } end
local held = redis.call('ZSCORE', LEASES, token)
if held then return { view(), math.floor(held - now) } end
local running = redis.call('ZCARD', LEASES)
if b.admitted >= terms.trials or running >= terms.trials_at_once then return { view(), 0 } end
b.admitted = b.admitted + 1
save()
redis.call('ZADD', LEASES, now + terms.trial_within, token)
redis.call('PEXPIRE', LEASES, terms.trial_within + MORE)
return { view(), terms.trial_within }
