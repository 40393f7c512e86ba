-- Rotates the bodies of a file, one a line: BODIES names it. For wrk.
local bodies = {}
for line in io.lines(os.getenv("BODIES")) do
  bodies[#bodies + 1] = line
end
local at = 0

wrk.method = "POST"
wrk.headers["content-type"] = "application/json"

function request()
  at = at % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[at])
end

-- Answers other than 200 count as failures in the summary.
local failed = 0
function response(status)
  if status ~= 200 then failed = failed + 1 end
end
