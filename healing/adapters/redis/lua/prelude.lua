-- What all scripts on a breaker share. KEYS as in keys.py.
-- ARGV: channel, name, terms (JSON), spread (0 to 1, for the jitter), then what the script itself takes.
local STANDING, WINDOW, LEASES, MEMBERS, FAILING, TRIPPED, NUMBERS, CHANGES, INDEX, LOG = unpack(KEYS)
local CHANNEL, NAME, SPREAD = ARGV[1], ARGV[2], tonumber(ARGV[4])
local KEEP, MORE = 604800000, 20000 -- milliseconds: 7 days, 20 s

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local b = {}
local raw = redis.call('HGETALL', STANDING)
for i = 1, #raw, 2 do b[raw[i]] = raw[i + 1] end
b.state = b.state or 'closed'
b.because = b.because or 'new'
b.mode = b.mode or 'auto'
for _, field in ipairs({ 'epoch', 'until', 'opened', 'admitted', 'succeeded', 'failed', 'mode_until', 'said' }) do
  b[field] = tonumber(b[field] or 0)
end

local terms = cjson.decode(ARGV[3])
-- Who runs no such breaker itself, as an agent does, judges by the terms of those who do.
if terms.of_the_fleet and b.given then terms = cjson.decode(b.given) end
if b.terms and b.terms ~= '' then -- an operator's terms go before those the processes started with
  for field, value in pairs(cjson.decode(b.terms)) do terms[field] = value end
end

local function live()
  if b.mode ~= 'auto' and b.mode_until == 0 then
    redis.call('PERSIST', STANDING)
  else
    redis.call('PEXPIRE', STANDING, math.max(KEEP, b.mode_until - now + KEEP))
  end
end

local function save()
  redis.call('HSET', STANDING, 'state', b.state, 'epoch', b.epoch, 'until', b['until'],
    'opened', b.opened, 'admitted', b.admitted, 'succeeded', b.succeeded, 'failed', b.failed,
    'because', b.because, 'mode', b.mode, 'mode_until', b.mode_until, 'by', b.by or '', 'why', b.why or '',
    'said', b.said)
  if b.terms then redis.call('HSET', STANDING, 'terms', b.terms) end
  if b.given then redis.call('HSET', STANDING, 'given', b.given) end
  live()
end

local function tell()
  save()
  redis.call('ZADD', INDEX, now, NAME)
  redis.call('ZREMRANGEBYSCORE', INDEX, '-inf', now - KEEP)
  redis.call('PEXPIRE', INDEX, KEEP)
  redis.call('PUBLISH', CHANNEL, b.epoch .. ' ' .. NAME)
end

-- Every transition: a new epoch, written, told and put on record in the same script. `got`: what it was judged by.
local function go(state, because, got)
  local before = b.state
  b.state, b.because, b.epoch = state, because, b.epoch + 1
  if before ~= state then
    redis.call('XADD', CHANGES, 'MAXLEN', '~', 100, '*', 'before', before, 'after', state, 'because', because,
      'epoch', b.epoch, 'calls', got and got.c or 0, 'failed', got and got.f or 0, 'slow', got and got.s or 0)
    redis.call('PEXPIRE', CHANGES, KEEP)
  end
  b.admitted, b.succeeded, b.failed = 0, 0, 0
  redis.call('DEL', LEASES)
  tell()
end

-- `told`: milliseconds the dependency asked for itself; taken when longer.
local function open(because, told, got)
  local grown = terms.open_for * terms.open_growth ^ b.opened * (1 + terms.jitter * SPREAD)
  b['until'] = now + math.floor(math.min(math.max(grown, told or 0), terms.open_at_most))
  b.opened = b.opened + 1
  go('open', because, got)
end

local function close(because)
  b['until'], b.opened = 0, 0
  redis.call('DEL', WINDOW, FAILING, TRIPPED)
  go('closed', because)
end

local function decide(told)
  if b.succeeded >= terms.successes_to_close then
    close('trials_succeeded')
  elseif b.failed > terms.trials - terms.successes_to_close then
    open('trials_failed', told)
  end
end

-- What time alone does: overrides end, a lost trial counts as failed and is never given again.
local function advance()
  if b.mode ~= 'auto' and b.mode_until > 0 and now >= b.mode_until then
    local was = b.mode
    b.mode, b.mode_until, b.by, b.why = 'auto', 0, '', ''
    if was == 'forced_open' then
      -- Nobody knows how it is by now: a trial finds out, not everybody at once.
      b['until'] = now
      go('open', 'operator')
    else
      go(b.state, 'operator')
    end
  end
  if b.state == 'half_open' then
    redis.call('ZREMRANGEBYSCORE', LEASES, '-inf', now)
    -- Counted by what is missing, so that a trial is never forgotten, even if its key is gone.
    local lost = b.admitted - b.succeeded - b.failed - redis.call('ZCARD', LEASES)
    if lost > 0 then
      b.failed = b.failed + lost
      save()
    end
    decide()
  end
end

-- Calls of the window, who reports, who fails, and who has tripped; what is older is forgotten.
local function sum()
  local from = math.floor((now - terms.window) / 1000)
  local got = { c = 0, f = 0, s = 0 }
  local raw, old = redis.call('HGETALL', WINDOW), {}
  for i = 1, #raw, 2 do
    local kind, second = string.sub(raw[i], 1, 1), tonumber(string.sub(raw[i], 2))
    if second <= from then
      old[#old + 1] = raw[i]
    else
      got[kind] = got[kind] + raw[i + 1]
    end
  end
  for i = 1, #old, 100 do redis.call('HDEL', WINDOW, unpack(old, i, math.min(i + 99, #old))) end
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', MEMBERS, '-inf', from)) do
    redis.call('ZREM', MEMBERS, gone)
    redis.call('HDEL', NUMBERS, gone)
  end
  redis.call('ZREMRANGEBYSCORE', FAILING, '-inf', from)
  redis.call('ZREMRANGEBYSCORE', TRIPPED, '-inf', from)
  got.members = redis.call('ZCARD', MEMBERS)
  got.failing = redis.call('ZCARD', FAILING)
  got.tripped = redis.call('ZCARD', TRIPPED)
  return got
end

local function view(got)
  got = got or sum()
  local state, left, because = b.state, math.max(0, b['until'] - now), b.because
  local mode, mode_left, by, why = b.mode, -1, b.by or '', b.why or ''
  if mode ~= 'auto' and b.mode_until > 0 then
    mode_left = b.mode_until - now
    if mode_left <= 0 then
      -- It has ended, though nobody has written so yet: `advance` will, in these words.
      if mode == 'forced_open' then state, left, because = 'open', 0, 'operator' end
      mode, mode_left, by, why = 'auto', -1, '', ''
    end
  end
  return { state, b.epoch, left, b.opened, because, mode, mode_left, by, why,
    got.c, got.f, got.s, got.members, got.failing, now, b.terms or '', b.given or '' }
end
