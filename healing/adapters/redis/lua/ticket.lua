-- TICKET token, spread: ask for leave to make one trial. Answers the view and, when granted, its deadline.
local token, spread = ARGV[4], tonumber(ARGV[5])
advance(spread)
if b.mode == 'forced_open' then return { view(), 0 } end
if b.state == 'open' and now >= b['until'] then go('half_open', 'time_over') end
if b.state ~= 'half_open' then return { view(), 0 } end
local running = redis.call('ZCARD', LEASES)
if b.admitted >= terms.trials or running >= terms.trials_at_once then return { view(), 0 } end
b.admitted = b.admitted + 1
save()
redis.call('ZADD', LEASES, now + terms.trial_within, token)
redis.call('PEXPIRE', LEASES, terms.trial_within + MORE)
return { view(), terms.trial_within }
