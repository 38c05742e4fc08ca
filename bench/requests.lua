-- The requests that wrk sends. Arguments after `--`: the work, a file with a token per line, tasks per user.
-- Each run sends the same requests in the same order; the data is the same before each run as well.

local get, list, create, update, delete, page, send

-- What is sent for each work, chosen for each request.
local works = {
  get = function() return get() end,
  list = function() return list() end,
  create = function() return create() end,
  update = function() return update() end,
  page = function() return page() end,
  mix = function()
    local chance = math.random(100)
    if chance <= 60 then return get() end
    if chance <= 80 then return list() end
    if chance <= 90 then return create() end
    if chance <= 95 then return update() end
    return delete()
  end,
}

local users, tasks_each
-- Those who create and delete in the mix are others than those who read, so that lists stay as long as they were,
-- however many requests a server handles.
local readers, writers
-- Tasks of the writers, the oldest first: what is deleted was created long before.
local deletable, first, last
local next_id = {}

local function push(user, id)
  last = last + 1
  deletable[last] = { user, id }
end

function init(args)
  local work = args[1]
  users = {}
  for token in io.lines(args[2]) do users[#users + 1] = 'Authorization: Bearer ' .. token .. '\r\n' end
  tasks_each = tonumber(args[3])
  local half = math.floor(#users / 2)
  readers = work == 'mix' and half or #users
  writers = work == 'mix' and #users - half or #users
  deletable, first, last = {}, 1, 0
  for user = 1, #users do next_id[user] = tasks_each + 1 end
  if work == 'mix' then
    for id = 1, tasks_each do
      for user = half + 1, #users do push(user, id) end
    end
  end
  math.randomseed(1)
  send = works[work]
end

-- wrk asks for one request beforehand, to look at it; that one must not create anything.
local seen = false

function request()
  if not seen then
    seen = true
    return get()
  end
  return send()
end

local host = 'Host: 127.0.0.1\r\n'

local function bare(method, path, user)
  return method .. ' ' .. path .. ' HTTP/1.1\r\n' .. host .. users[user] .. '\r\n'
end

local function with_body(method, path, user, body)
  return method .. ' ' .. path .. ' HTTP/1.1\r\n' .. host .. users[user] .. 'Content-Type: application/json\r\nContent-Length: '
    .. #body .. '\r\n\r\n' .. body
end

local draft = '{"title":"Task: call the plumber","description":"The kitchen tap drips again; ask about the boiler in the cellar"}'
local changes = { '{"status":"in-progress"}', '{"status":"completed"}' }

get = function() return bare('GET', '/tasks/' .. math.random(tasks_each) .. '/', math.random(readers)) end

list = function() return bare('GET', '/tasks/', math.random(readers)) end

page = function()
  local after = math.random(0, math.max(0, tasks_each - 51))
  return bare('GET', '/tasks/?limit=50&after=' .. after, math.random(readers))
end

create = function()
  local user = #users - writers + math.random(writers)
  push(user, next_id[user])
  next_id[user] = next_id[user] + 1
  return with_body('POST', '/tasks/create/', user, draft)
end

update = function()
  local path = '/tasks/' .. math.random(tasks_each) .. '/update/'
  return with_body('PUT', path, math.random(readers), changes[math.random(2)])
end

delete = function()
  local user, id = unpack(deletable[first])
  deletable[first] = nil
  first = first + 1
  return bare('DELETE', '/tasks/' .. id .. '/delete/', user)
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"p50Ms":%.3f,"p99Ms":%.3f,"errors":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
