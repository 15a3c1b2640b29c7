# The main job with ARM binaries, on the emulated machine: one source, two sinks, a snooping bridge, multicast.
#   [source: wlan0 10.77.0.1] [one: wlan0 10.77.0.11] [two: wlan0 10.77.0.12] -- br0 10.77.0.254
# What each sink wrote is /mnt/io/NAME.ts; the host looks at the pictures.
set -eu
busybox --install -s /tmp
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/tmp
modprobe -a bridge veth
# All that runs is in memory: the exchange folder is slow.
cp -r /mnt/io/bin /mnt/io/clip.ts /tmp/
bin=/tmp/bin
ip() { /bin/ip "$@"; }  # not the shell's own
"$bin/wfdd" --version
uname -m

fail() {
  echo "FAILED: $1"
  cat /tmp/status
  tail -n 20 /tmp/*.log
  exit 1
}
# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
  echo "waiting: $2, at $(cut -d. -f1 /proc/uptime) s"
  limit=$1 what=$2
  shift 2
  until "$@"; do
    limit=$((limit - 1))
    if [ "$limit" = 0 ]; then fail "$what"; fi
    sleep 1
  done
  echo "ok: $what"
}
ctl() { "$bin/wfdctl" --socket "/tmp/$1.sock" --json "$2"; }
# The stream and both sessions: three states, three deliveries.
plays_by_multicast() {
  ctl source status > /tmp/status 2>&1 || true
  [ "$(grep -o '"state":"playing"' /tmp/status | wc -l)" = 3 ] && [ "$(grep -o '"delivery":"multicast"' /tmp/status | wc -l)" = 3 ]
}
received() { [ "$(ctl "$1" status | sed 's/.*"packets_received":\([0-9]*\).*/\1/')" -gt 500 ]; }

ip link add br0 type bridge mcast_snooping 1 mcast_query_response_interval 20
ip address add 10.77.0.254/24 dev br0
ip link set br0 type bridge mcast_querier 1
ip link set br0 up
number=1
for name in source one two; do
  ip netns add "$name"
  ip -n "$name" link set lo up
  ip link add "p$name" type veth peer name wlan0 netns "$name"
  ip link set "p$name" master br0 up
  ip -n "$name" address add "10.77.0.$number/24" brd + dev wlan0
  ip -n "$name" link set wlan0 up
  number=$((number + 10))
done

start() {
  name=$1
  shift
  ip netns exec "$name" "$bin/wfdd" --set "name=$name" --set "control.socket=/tmp/$name.sock" --set "state.directory=/tmp/$name" \
    --set security.mode=open "$@" 2>"/tmp/$name.log" &
}
start source --set role=source --set source.input=file:/tmp/clip.ts --set source.connect=all --set stream.delivery=multicast
start one --set role=sink --set sink.output=file:/tmp/one.ts
start two --set role=sink --set sink.output=file:/tmp/two.ts
wait_for 60 "both sinks play the group's stream" plays_by_multicast
for sink in one two; do wait_for 60 "$sink has 500 packets" received "$sink"; done
/sbin/bridge mdb show | grep 239.0.0.11
for sink in one two; do
  ctl "$sink" status > /tmp/status
  grep -o '"packets_lost":[0-9]*' /tmp/status | sed "s/^/$sink: /"
  grep -q '"packets_lost":0,' /tmp/status || fail "$sink lost packets"
done
kill $(jobs -p)
wait
cp /tmp/one.ts /tmp/two.ts /mnt/io/
echo "ok: all have ended"
