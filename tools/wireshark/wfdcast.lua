-- Wireshark dissectors of wfdcast announcements and parity (docs/protocol.md, sections 1 and 4.3).
-- Copy it to the personal Lua plugin folder, or: tshark -X lua_script:wfdcast.lua

local wfdcast = Proto("wfdcast", "wfdcast Announcement")

local KINDS = { [1] = "Beacon", [2] = "Probe", [3] = "Invitation", [4] = "Goodbye" }
local STATES = { [0] = "available", [1] = "busy", [2] = "playing", [3] = "paused", [4] = "standby" }
local ROLES = { [0] = "source", [1] = "primary sink", [2] = "secondary sink", [3] = "source or primary sink" }
local AVAILABILITY = { [0] = "not available", [1] = "available", [2] = "reserved", [3] = "reserved" }
local PURPOSES = { [0] = "session", [1] = "pairing" }
local FAMILIES = { [1] = "IPv4", [2] = "IPv6" }
local TLVS = {
  [0] = "Device information", [128] = "Device id", [129] = "Name", [130] = "Address", [131] = "Boot id",
  [132] = "Sequence", [133] = "State", [134] = "Interval", [135] = "Public key", [136] = "Cookie",
  [137] = "Signature", [138] = "Token", [139] = "Recipient",
  [140] = "Invitation cookie", [141] = "Purpose",
}

local f = {
  magic = ProtoField.string("wfdcast.magic", "Magic"),
  version = ProtoField.uint8("wfdcast.version", "Version"),
  kind = ProtoField.uint8("wfdcast.kind", "Kind", base.DEC, KINDS),
  tlv = ProtoField.none("wfdcast.tlv", "TLV"),
  tlv_id = ProtoField.uint8("wfdcast.tlv.id", "Id", base.DEC, TLVS),
  tlv_length = ProtoField.uint16("wfdcast.tlv.length", "Length"),
  tlv_body = ProtoField.bytes("wfdcast.tlv.body", "Body"),
  bitmap = ProtoField.uint16("wfdcast.device.bitmap", "Bitmap", base.HEX),
  role = ProtoField.uint16("wfdcast.device.role", "Role", base.DEC, ROLES, 0x0003),
  availability = ProtoField.uint16("wfdcast.device.availability", "Session availability", base.DEC, AVAILABILITY, 0x0030),
  port = ProtoField.uint16("wfdcast.device.port", "RTSP port"),
  throughput = ProtoField.uint16("wfdcast.device.throughput", "Maximum throughput (Mbit/s)"),
  id = ProtoField.bytes("wfdcast.id", "Device id"),
  name = ProtoField.string("wfdcast.name", "Name", base.UNICODE),
  family = ProtoField.uint8("wfdcast.address.family", "Family", base.DEC, FAMILIES),
  address = ProtoField.ipv4("wfdcast.address", "Address"),
  boot_id = ProtoField.uint64("wfdcast.boot_id", "Boot id", base.HEX),
  sequence = ProtoField.uint32("wfdcast.sequence", "Sequence"),
  state = ProtoField.uint8("wfdcast.state", "State", base.DEC, STATES),
  interval = ProtoField.uint32("wfdcast.interval", "Interval (ms)"),
  public_key = ProtoField.bytes("wfdcast.public_key", "Public key"),
  cookie = ProtoField.bytes("wfdcast.cookie", "Cookie"),
  signature = ProtoField.bytes("wfdcast.signature", "Signature"),
  token = ProtoField.bytes("wfdcast.token", "Token"),
  recipient = ProtoField.bytes("wfdcast.recipient", "Recipient"),
  invitation_cookie = ProtoField.bytes("wfdcast.invitation_cookie", "Invitation cookie"),
  purpose = ProtoField.uint8("wfdcast.purpose", "Purpose", base.DEC, PURPOSES),
}
wfdcast.fields = f

local truncated = ProtoExpert.new("wfdcast.truncated", "Truncated", expert.group.MALFORMED, expert.severity.ERROR)
local bad_field = ProtoExpert.new("wfdcast.bad_field", "Field too short", expert.group.MALFORMED, expert.severity.ERROR)
local repeated = ProtoExpert.new("wfdcast.repeated", "Repeated field, ignored", expert.group.PROTOCOL, expert.severity.WARN)
local other_version =
  ProtoExpert.new("wfdcast.other_version", "Unknown version", expert.group.UNDECODED, expert.severity.NOTE)
wfdcast.experts = { truncated, bad_field, repeated, other_version }

-- How each body is shown: least size, and what adds it to the tree.
local function plain(size, field)
  return { size = size, show = function(body, tree) tree:add(field, size > 0 and body(0, size) or body) end }
end
local BODIES = {
  [0] = {
    size = 6,
    show = function(body, tree)
      tree:add(f.bitmap, body(0, 2))
      tree:add(f.role, body(0, 2))
      tree:add(f.availability, body(0, 2))
      tree:add(f.port, body(2, 2))
      tree:add(f.throughput, body(4, 2))
    end,
  },
  [128] = plain(16, f.id),
  [129] = plain(0, f.name),
  [130] = {
    size = 5,
    show = function(body, tree)
      tree:add(f.family, body(0, 1))
      if body(0, 1):uint() == 1 then tree:add(f.address, body(1, 4)) end
    end,
  },
  [131] = plain(8, f.boot_id),
  [132] = plain(4, f.sequence),
  [133] = plain(1, f.state),
  [134] = plain(4, f.interval),
  [135] = plain(0, f.public_key),
  [136] = plain(16, f.cookie),
  [137] = plain(0, f.signature),
  [138] = plain(16, f.token),
  [139] = plain(16, f.recipient),
  [140] = plain(16, f.invitation_cookie),
  [141] = plain(1, f.purpose),
}

local function dissect_tlv(buffer, at, tree, seen)
  local id, length = buffer(at, 1):uint(), buffer(at + 1, 2):uint()
  local whole = math.min(3 + length, buffer:len() - at)
  local tlv = tree:add(f.tlv, buffer(at, whole))
  tlv:set_text(TLVS[id] or ("Unknown field " .. id))
  tlv:add(f.tlv_id, buffer(at, 1))
  tlv:add(f.tlv_length, buffer(at + 1, 2))
  if whole < 3 + length then
    tlv:add_proto_expert_info(truncated)
    return whole
  end
  local known = BODIES[id]
  if known and seen[id] then
    tlv:add_proto_expert_info(repeated)
    known = nil
  end
  seen[id] = true
  if known and length < known.size then
    tlv:add_proto_expert_info(bad_field)
    known = nil
  end
  if known and length > 0 then
    known.show(buffer(at + 3, length), tlv)
  elseif length > 0 then
    tlv:add(f.tlv_body, buffer(at + 3, length))
  end
  return whole
end

function wfdcast.dissector(buffer, pinfo, root)
  if buffer:len() < 6 or buffer(0, 4):string() ~= "WFDC" then return 0 end
  pinfo.cols.protocol = "WFDCAST"
  local kind = buffer(5, 1):uint()
  local tree = root:add(wfdcast, buffer())
  tree:append_text(", " .. (KINDS[kind] or "kind " .. kind))
  tree:add(f.magic, buffer(0, 4))
  local version = tree:add(f.version, buffer(4, 1))
  tree:add(f.kind, buffer(5, 1))
  pinfo.cols.info = KINDS[kind] or ("Kind " .. kind)
  if buffer(4, 1):uint() ~= 1 then
    version:add_proto_expert_info(other_version)
    return buffer:len()
  end
  local at, seen = 6, {}
  while at + 3 <= buffer:len() do
    at = at + dissect_tlv(buffer, at, tree, seen)
  end
  if at < buffer:len() then tree:add_proto_expert_info(truncated) end
  return buffer:len()
end

-- Sources listen on the first, sinks on the second.
DissectorTable.get("udp.port"):add("7236,7237", wfdcast)

-- Parity on request: RTP with our own header behind it.
local parity = Proto("wfdcast_parity", "wfdcast Parity")
local PARITY_TYPE, RTP_HEADER, PARITY_HEADER = 97, 12, 12
local p = {
  sequence = ProtoField.uint16("wfdcast_parity.sequence", "Sequence"),
  timestamp = ProtoField.uint32("wfdcast_parity.timestamp", "Time stamp"),
  ssrc = ProtoField.uint32("wfdcast_parity.ssrc", "SSRC", base.HEX),
  base = ProtoField.uint16("wfdcast_parity.base", "First packet of the window"),
  count = ProtoField.uint8("wfdcast_parity.count", "Packets in the window"),
  index = ProtoField.uint8("wfdcast_parity.index", "Index"),
  to_come = ProtoField.uint8("wfdcast_parity.to_come", "More of this answer"),
  length = ProtoField.uint16("wfdcast_parity.length", "Length recovery", base.HEX),
  time = ProtoField.uint32("wfdcast_parity.time", "Time stamp recovery", base.HEX),
  payload = ProtoField.bytes("wfdcast_parity.payload", "Payload recovery"),
}
parity.fields = p

function parity.dissector(buffer, pinfo, root)
  if buffer:len() <= RTP_HEADER + PARITY_HEADER then return 0 end
  if buffer(0, 1):uint() ~= 0x80 or buffer(1, 1):uint() ~= PARITY_TYPE then return 0 end
  pinfo.cols.protocol = "WFDCAST-PARITY"
  local tree = root:add(parity, buffer())
  tree:add(p.sequence, buffer(2, 2))
  tree:add(p.timestamp, buffer(4, 4))
  tree:add(p.ssrc, buffer(8, 4))
  tree:add(p.base, buffer(12, 2))
  tree:add(p.count, buffer(14, 1))
  tree:add(p.index, buffer(15, 1))
  tree:add(p.to_come, buffer(16, 1))
  tree:add(p.length, buffer(18, 2))
  tree:add(p.time, buffer(20, 4))
  tree:add(p.payload, buffer(24))
  pinfo.cols.info = string.format("Parity %d of %d packets from %d on", buffer(15, 1):uint(), buffer(14, 1):uint(),
    buffer(12, 2):uint())
  return buffer:len()
end

-- The default group's RTP port + 6.
DissectorTable.get("udp.port"):add(15556, parity)
