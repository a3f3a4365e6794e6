-- REPUBLISH epoch, state, left (ms), opened, because, mode, mode left (ms, -1: no end), by, why, terms (JSON or nothing),
-- when that was seen (ms): put back what a lost server knew, unless somebody already did. Answers the view and whether it was done.
local epoch = tonumber(ARGV[5])
if b.epoch >= epoch then return { view(), 0 } end
if b.said > tonumber(ARGV[15]) then
  -- An operator has spoken since it was lost: that holds, and everybody is to see that it is newer.
  b.epoch = epoch + 1
  if not b.terms or b.terms == '' then b.terms = ARGV[14] end
  tell()
  return { view(), 0 }
end
b.epoch, b.state, b['until'] = epoch, ARGV[6], now + tonumber(ARGV[7])
b.opened, b.because, b.mode = tonumber(ARGV[8]), ARGV[9], ARGV[10]
local left = tonumber(ARGV[11])
b.mode_until = (b.mode ~= 'auto' and left >= 0) and now + left or 0
b.by, b.why, b.terms = ARGV[12], ARGV[13], ARGV[14]
-- Who holds which trial is lost with the server: the round begins again.
b.admitted, b.succeeded, b.failed = 0, 0, 0
redis.call('DEL', LEASES)
tell()
return { view(), 1 }
